//go:build e2e

package e2e

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// keep makes a Service that waits for a version nobody deploys, and deletes the Deployment that serves: only bluegreen keeps it.
func keep(t *testing.T, ns string) {
	t.Helper()
	createDeployment(t, ns, "1.10", 1)
	createService(t, ns, "nginx", "1.10", "1.10")
	awaitProtected(t, ns, "nginx-1.10")
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "9.99"); err != nil {
		t.Fatal(err)
	}
	deleteAndKeep(t, ns, "nginx-1.10")
}

// TestNamespaceDeletion deletes a namespace amid a switch.
func TestNamespaceDeletion(t *testing.T) {
	install(t)
	const ns = "e2e-deleted"
	kubectl(t, "create", "namespace", ns)
	t.Cleanup(func() { kubectl(t, "delete", "namespace", ns, "--ignore-not-found", "--wait=false") })
	keep(t, ns)
	kubectl(t, "delete", "namespace", ns, "--timeout=60s")
}

// TestServiceDeletion deletes the Service for which a Deployment was kept.
func TestServiceDeletion(t *testing.T) {
	ns := namespace(t)
	keep(t, ns)
	kubectl(t, "delete", "service", "nginx", "--namespace", ns)
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
}

// TestDeletionsWaitForAnAbsentController deletes all while no pod of bluegreen runs.
func TestDeletionsWaitForAnAbsentController(t *testing.T) {
	ns := namespace(t)
	keep(t, ns)
	t.Run("absent", func(t *testing.T) {
		stop(t)
		kubectl(t, "delete", "service", "nginx", "--namespace", ns)
		d, err := cluster.AppsV1().Deployments(ns).Get(t.Context(), "nginx-1.10", metav1.GetOptions{})
		if err != nil || d.DeletionTimestamp == nil || !bluegreen.Protected(d) {
			t.Errorf("the deletion does not wait: %v, %v", d, err)
		}
	})
	start(t)
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
}

// TestUninstall uninstalls the chart, in subtests, so that the tests that follow have it again whatever became of them.
func TestUninstall(t *testing.T) {
	ns := namespace(t)
	createDeployment(t, ns, "1.11", 1)
	keep(t, ns)
	t.Run("what serves would die", func(t *testing.T) { uninstallRefused(t, ns) })
	t.Run("nothing is kept", func(t *testing.T) { uninstallRefusedNoMore(t, ns) })
	reinstall(t)
	t.Run("pods scaled to 0", uninstallWithoutPods)
	reinstall(t)
}

// uninstallRefused deletes what serves, and uninstalls.
func uninstallRefused(t *testing.T, ns string) {
	printed := harness.Try(t, "helm", "uninstall", release, "--namespace", installed)
	if printed.Err == nil {
		t.Fatal("uninstalled, though what serves dies of it")
	}
	contains(t, printed.Stdout+printed.Stderr, "refusing to unprotect Deployment nginx-1.10 in namespace "+ns+": "+
		"it serves and is being deleted, and only bluegreen keeps it; move its traffic to another version first, or delete the Service")
	d := awaitDeployment(t, ns, "nginx-1.10", "a finalizer", bluegreen.Protected)
	if d.Status.AvailableReplicas == 0 {
		t.Error("the refused uninstallation took down what serves")
	}
	awaitAvailable(t, installed, release, 2)
}

// uninstallRefusedNoMore moves traffic to 1.11, as the refusal says, and uninstalls.
func uninstallRefusedNoMore(t *testing.T, ns string) {
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "1.11"); err != nil {
		t.Fatal(err)
	}
	awaitVersion(t, ns, "nginx", "1.11")
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
	helm(t, "uninstall", release, "--namespace", installed, "--wait")
	assertUnprotected(t, ns)
}

func uninstallWithoutPods(t *testing.T) {
	ns := namespace(t)
	createDeployment(t, ns, "1.11", 1)
	createService(t, ns, "nginx", "1.11", "1.11")
	awaitProtected(t, ns, "nginx-1.11")
	stop(t)
	helm(t, "uninstall", release, "--namespace", installed, "--wait")
	assertUnprotected(t, ns)
}

// assertUnprotected wants Deployment nginx-1.11 to serve on without a finalizer, and to be deletable.
func assertUnprotected(t *testing.T, namespace string) {
	t.Helper()
	d, err := cluster.AppsV1().Deployments(namespace).Get(t.Context(), "nginx-1.11", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if bluegreen.Protected(d) || d.DeletionTimestamp != nil {
		t.Errorf("finalizers %v, deleted at %v", d.Finalizers, d.DeletionTimestamp)
	}
	kubectl(t, "delete", "deployment", "nginx-1.11", "--namespace", namespace, "--timeout=60s")
}

// stop takes bluegreen's pods away, and start brings them back.
func stop(t *testing.T) {
	t.Helper()
	scale(t, installed, release, 0)
	kubectl(t, "wait", "--for=delete", "pod", "--namespace", installed, "-l", "app.kubernetes.io/name=bluegreen", "--timeout=60s")
}

func start(t *testing.T) {
	t.Helper()
	kubectl(t, "scale", "deployment", release, "--namespace", installed, "--replicas=2")
	kubectl(t, "rollout", "status", "deployment/"+release, "--namespace", installed, "--timeout=60s")
}

// reinstall gives the tests that follow what they had.
func reinstall(t *testing.T) {
	t.Helper()
	helm(t, append([]string{"upgrade", "--install"}, installArgs()...)...)
	start(t)
	cluster.AwaitWebhook(t)
}
