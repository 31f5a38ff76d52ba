//go:build e2e

package chaos

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// controlPlane is the node with the API server and etcd. Requests enter the cluster there, and the pods that answer them run there:
// a node that goes takes nothing of theirs along.
const controlPlane = "node-1"

// replicas is how many pods a version has.
const replicas = 2

// drain is that of the Service: short, so that every round sees the way out of blue.
const drain = "5s"

// world is what all rounds share: a namespace with Service nginx and a Deployment for each version.
type world struct{ namespace string }

var versions = []string{"1.10", "1.11", "1.12"}

// prepareCluster installs bluegreen, with its pods on the other nodes.
func prepareCluster(t *testing.T) {
	t.Helper()
	nodes, err := cluster.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes.Items) < 3 {
		t.Fatalf("the cluster has %d nodes, want 3: make cluster-down && make cluster-up NODES=3", len(nodes.Items))
	}
	harness.Run(t, "kubectl", "taint", "node", controlPlane, "test=chaos:NoExecute", "--overwrite")
	t.Cleanup(func() { harness.Run(t, "kubectl", "taint", "node", controlPlane, "test-") })
	if err := cluster.Install(); err != nil {
		t.Fatal(err)
	}
}

// newWorld makes the world.
func newWorld(t *testing.T) *world {
	t.Helper()
	made, err := cluster.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "chaos-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { harness.Run(t, "kubectl", "delete", "namespace", made.Name) })
	w := &world{made.Name}
	service := harness.NewService("nginx", versions[0], versions[0])
	service.Annotations[bluegreen.Drain] = drain
	if _, err := cluster.CoreV1().Services(w.namespace).Create(t.Context(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return w
}

// settle makes the world whole again: fresh pods of bluegreen, and the pods of every version. It returns the live version.
func (w *world) settle(t *testing.T) string {
	t.Helper()
	freshPods(t)
	for _, version := range versions {
		if err := w.create(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		if err := w.scale(t.Context(), version, replicas); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range versions {
		w.awaitReplicas(t, version, replicas)
	}
	service := w.awaitService(t, "phase Stable", func(s *corev1.Service) bool {
		return bluegreen.Phase(s.Annotations[bluegreen.PhaseKey]) == bluegreen.Stable
	})
	live := service.Spec.Selector["version"]
	w.awaitDeployment(t, live, "the finalizer", bluegreen.Protected)
	return live
}

// freshPods replaces the pods of bluegreen that were started again: the kubelet starts a container that has ended before only after
// a back-off of 10 s and more, which would count as bluegreen's time to recover.
func freshPods(t *testing.T) {
	t.Helper()
	for _, pod := range cluster.Pods(t) {
		if pod.DeletionTimestamp == nil && len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].RestartCount > 0 {
			harness.Run(t, "kubectl", "delete", "pod", pod.Name, "--namespace", harness.Installed, "--grace-period=1")
		}
	}
	harness.Run(t, "kubectl", "rollout", "status", "deployment/"+harness.Release, "--namespace", harness.Installed, "--timeout=90s")
	cluster.AwaitLeader(t, "")
	cluster.AwaitWebhook(t)
}

// create creates the Deployment of a version, if it is not there.
func (w *world) create(ctx context.Context, version string) error {
	deployment := harness.NewDeployment(version, replicas)
	deployment.Spec.Template.Spec.NodeSelector = map[string]string{corev1.LabelHostname: controlPlane}
	deployment.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	_, err := cluster.AppsV1().Deployments(w.namespace).Create(ctx, deployment, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// scale sets a Deployment's number of replicas through the scale subresource.
func (w *world) scale(ctx context.Context, version string, replicas int) error {
	patch := fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas)
	_, err := cluster.AppsV1().Deployments(w.namespace).Patch(ctx, "nginx-"+version, types.MergePatchType, []byte(patch),
		metav1.PatchOptions{}, "scale")
	return err
}

// remove deletes the Deployment of a version, as Helm does.
func (w *world) remove(ctx context.Context, version string) error {
	err := cluster.AppsV1().Deployments(w.namespace).Delete(ctx, "nginx-"+version,
		metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// awaitGone waits until the Deployment of a version is gone, and its pods.
func (w *world) awaitGone(t *testing.T, version string) {
	t.Helper()
	for _, what := range [][]string{{"deployment", "nginx-" + version}, {"pod", "--selector=version=" + version}} {
		harness.Run(t, "kubectl", append([]string{"wait", "--for=delete", "--namespace", w.namespace, "--timeout=90s"}, what...)...)
	}
}

func (w *world) awaitReplicas(t *testing.T, version string, replicas int32) {
	t.Helper()
	w.awaitDeployment(t, version, fmt.Sprintf("%d replicas, all available and no others", replicas), func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration >= d.Generation && d.Status.Replicas == replicas && d.Status.AvailableReplicas == replicas
	})
}

func (w *world) awaitDeployment(t *testing.T, version, what string, condition func(*appsv1.Deployment) bool) {
	t.Helper()
	cluster.AwaitDeployment(t, w.namespace, "nginx-"+version, "have "+what, condition)
}

func (w *world) awaitService(t *testing.T, what string, condition func(*corev1.Service) bool) *corev1.Service {
	t.Helper()
	return cluster.AwaitService(t, w.namespace, "nginx", "have "+what, condition)
}
