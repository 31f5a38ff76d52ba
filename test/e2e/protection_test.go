//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// helms are the programs helm 3 and helm 4.
var helms = []string{"helm3", "helm"}

// helmUpgrade installs or upgrades release app of a chart in testdata.
func helmUpgrade(t *testing.T, program, namespace, chart string, values ...string) output {
	t.Helper()
	args := []string{"upgrade", "app", "testdata/" + chart, "--install", "--namespace", namespace}
	for _, value := range values {
		args = append(args, "--set-string", value)
	}
	return run(t, program, args...)
}

// TestUpgradeThatDeletesBlue upgrades a chart that names its Deployment by version: the upgrade that asks for 1.11 deletes the
// Deployment of 1.10, long before 1.11 is ready.
func TestUpgradeThatDeletesBlue(t *testing.T) {
	withEachWriter(t, "a Deployment for each version: an upgrade that deletes blue", upgradeThatDeletesBlue)
}

func upgradeThatDeletesBlue(t *testing.T, ns string, by writer) traffic.Report {
	by.write(t, ns, "versioned", "version=1.10")
	awaitAvailable(t, ns, "nginx-1.10", 2)
	r := send(t, ns, "nginx", "1.10")
	r.slowToo(t, ns, "nginx")

	r.asked("1.11")
	asked := time.Now()
	// A kubelet counts initialDelaySeconds from the whole second in which the container started: it can end up to a second early.
	by.write(t, ns, "versioned", "version=1.11", "startup=21")
	blue := awaitDeployment(t, ns, "nginx-1.10", "been deleted, and stayed", func(d *appsv1.Deployment) bool { return d.DeletionTimestamp != nil })
	if !bluegreen.Protected(blue) {
		t.Errorf("finalizers %v", blue.Finalizers)
	}
	held := awaitPhase(t, ns, "nginx", bluegreen.Waiting, waitsFor("1.11")+"; "+frozen(ns))
	if version := held.Spec.Selector["version"]; version != "1.10" {
		t.Errorf("traffic is on %s while 1.11 is not ready", version)
	}

	awaitVersion(t, ns, "nginx", "1.11")
	if took := time.Since(asked); took < 20*time.Second {
		t.Errorf("traffic moved %s after the ask, but 1.11 takes 20 s to become ready", took)
	}
	r.awaitAnswer(t, "1.11")
	moved := time.Now()
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
	if drained := time.Since(moved); drained < 29*time.Second {
		t.Errorf("blue was let go %s after traffic had left it", drained)
	}
	kubectl(t, "wait", "--for=delete", "pod", "--selector=version=1.10", "--namespace", ns, "--timeout=60s")
	awaitPhase(t, ns, "nginx", bluegreen.Stable, "")
	report := r.judge(t)
	assertSwitched(t, report.Switches)
	return report
}

// frozen is what a Service says of a Deployment nginx-1.10 that serves it and is being deleted.
func frozen(namespace string) string {
	return "Deployment nginx-1.10: serves and is being deleted: its pods are kept, and its spec is frozen, until traffic moves; ask for another " +
		"version to let it go, or take its pods over: kubectl delete deployment nginx-1.10 -n " + namespace + " --cascade=orphan --wait=false, " +
		"and apply its manifest again"
}

// TestUpgradeThatScalesBlueDown upgrades a chart with a blue and a green Deployment, where one upgrade asks for green and takes
// the replicas of blue away; and then back again.
func TestUpgradeThatScalesBlueDown(t *testing.T) {
	for _, program := range helms {
		t.Run(program, func(t *testing.T) {
			ns := namespace(t)
			helmUpgrade(t, program, ns, "slots")
			awaitAvailable(t, ns, "nginx-blue", 2)
			r := send(t, ns, "nginx", "1.10")

			r.asked("1.11")
			printed := helmUpgrade(t, program, ns, "slots", "live=1.11", "blue.replicas=0", "green.replicas=2")
			contains(t, printed.stderr, "bluegreen: spec.replicas: stays 2 while Deployment nginx-blue serves Service nginx")
			awaitVersion(t, ns, "nginx", "1.11")
			r.awaitAnswer(t, "1.11")
			awaitAvailable(t, ns, "nginx-blue", 0)

			r.asked("1.10")
			helmUpgrade(t, program, ns, "slots", "live=1.10", "blue.replicas=2", "green.replicas=0")
			awaitVersion(t, ns, "nginx", "1.10")
			r.awaitAnswer(t, "1.10")
			awaitAvailable(t, ns, "nginx-green", 0)
			awaitAvailable(t, ns, "nginx-blue", 2)
			assertSwitched(t, r.judge(t).Switches)
		})
	}
}

// TestForegroundDeletion deletes what serves in the foreground, which is refused, and then as the refusal says.
func TestForegroundDeletion(t *testing.T) {
	ns, r := twoVersions(t)
	awaitProtected(t, ns, "nginx-1.10")
	printed, err := try(t, "kubectl", "delete", "deployment", "nginx-1.10", "--namespace", ns, "--cascade=foreground")
	if err == nil {
		t.Error("foreground deletion of what serves was accepted")
	}
	contains(t, printed.stderr, "Deployment "+ns+"/nginx-1.10 is in use (finalizer bluegreen/in-use-protection), and foreground deletion would end its pods at once")
	run(t, "sh", "-c", commandIn(t, printed.stderr, "once traffic has moved: ")+" --wait=false")

	printed, err = try(t, "kubectl", "annotate", "service", "nginx", "--namespace", ns, bluegreen.TargetVersion+"-")
	if err == nil {
		t.Error("a release under which what serves would die was accepted")
	}
	contains(t, printed.stderr, "cannot be changed now: Deployment nginx-1.10 serves and is being deleted")

	r.switchTo(t, ns, "1.11")
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
	assertSwitched(t, r.judge(t).Switches)
}

func awaitProtected(t *testing.T, namespace, name string) {
	t.Helper()
	awaitDeployment(t, namespace, name, "the finalizer", bluegreen.Protected)
}

// TestAutoscalers has both Deployments scaled by autoscalers while a switch is held and after it.
func TestAutoscalers(t *testing.T) {
	ns, r := twoVersions(t)
	scale(t, ns, "nginx-1.11", 0)
	awaitAvailable(t, ns, "nginx-1.11", 0)
	r.asked("1.11")
	if _, err := ask(t.Context(), ns, "nginx", "1.11"); err != nil {
		t.Fatal(err)
	}
	awaitService(t, ns, "nginx", "the switch held", held)

	deployments := record[*appsv1.Deployment](t, cluster.AppsV1().Deployments(ns).Watch)
	start := time.Now()
	autoscale(t, ns, "nginx-1.10", 4)
	awaitAvailable(t, ns, "nginx-1.10", 4)
	scale(t, ns, "nginx-1.11", 1)
	autoscale(t, ns, "nginx-1.11", 5)
	awaitVersion(t, ns, "nginx", "1.11")
	r.awaitAnswer(t, "1.11")
	awaitAvailable(t, ns, "nginx-1.11", 5)

	for name, want := range map[string][]int32{"nginx-1.10": {3, 4}, "nginx-1.11": {0, 1, 5}} {
		if got := replicasOf(deployments.since(start), name); !slices.Equal(got, want) {
			t.Errorf("replicas of %s went %v, want %v", name, got, want)
		}
	}
	assertSwitched(t, r.judge(t).Switches)
}

// autoscale keeps a Deployment at a minimum, which needs no metrics.
func autoscale(t *testing.T, namespace, name string, minimum int32) {
	t.Helper()
	_, err := cluster.AutoscalingV2().HorizontalPodAutoscalers(namespace).Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MinReplicas:    &minimum,
			MaxReplicas:    minimum + 1,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// replicasOf returns the numbers of replicas that were asked of a Deployment, in order.
func replicasOf(states []seen[*appsv1.Deployment], name string) []int32 {
	var replicas []int32
	for _, state := range states {
		if state.object.Name == name {
			replicas = append(replicas, *state.object.Spec.Replicas)
		}
	}
	return slices.Compact(replicas)
}

// TestBlueLivesOnWhileGreenWaits rolls out a change inside blue, through a pause, and evicts its pods as a drain does, while a
// switch is held.
func TestBlueLivesOnWhileGreenWaits(t *testing.T) {
	ns, r := twoVersions(t)
	createBudget(t, ns, 2)
	scale(t, ns, "nginx-1.11", 0)
	r.asked("1.11")
	if _, err := ask(t.Context(), ns, "nginx", "1.11"); err != nil {
		t.Fatal(err)
	}
	awaitService(t, ns, "nginx", "the switch held", held)

	kubectl(t, "rollout", "pause", "deployment/nginx-1.10", "--namespace", ns)
	kubectl(t, "set", "env", "deployment/nginx-1.10", "--namespace", ns, "CHANGED=yes")
	kubectl(t, "rollout", "resume", "deployment/nginx-1.10", "--namespace", ns)
	kubectl(t, "rollout", "status", "deployment/nginx-1.10", "--namespace", ns, "--timeout=90s")
	awaitAvailable(t, ns, "nginx-1.10", 3)

	pods := podsOfVersion(t, ns, "1.10")
	awaitBudget(t, ns, 1)
	if err := evict(t, pods[0]); err != nil {
		t.Errorf("the budget allows one eviction: %v", err)
	}
	if err := evict(t, pods[1]); !apierrors.IsTooManyRequests(err) {
		t.Errorf("the budget allows no second eviction: %v", err)
	}
	awaitAvailable(t, ns, "nginx-1.10", 3)

	scale(t, ns, "nginx-1.11", 3)
	awaitVersion(t, ns, "nginx", "1.11")
	r.awaitAnswer(t, "1.11")
	assertSwitched(t, r.judge(t).Switches)
}

func createBudget(t *testing.T, namespace string, minimum int) {
	t.Helper()
	_, err := cluster.PolicyV1().PodDisruptionBudgets(namespace).Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "nginx-1.10"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: ptr.To(intstr.FromInt(minimum)),
			Selector:     &metav1.LabelSelector{MatchLabels: map[string]string{"version": "1.10"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func awaitBudget(t *testing.T, namespace string, allowed int) {
	t.Helper()
	kubectl(t, "wait", "poddisruptionbudget/nginx-1.10", "--namespace", namespace,
		fmt.Sprintf("--for=jsonpath={.status.disruptionsAllowed}=%d", allowed), "--timeout=60s")
}

func podsOfVersion(t *testing.T, namespace, version string) []corev1.Pod {
	t.Helper()
	pods, err := cluster.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "version=" + version})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
}

func evict(t *testing.T, pod corev1.Pod) error {
	t.Helper()
	return cluster.CoreV1().Pods(pod.Namespace).EvictV1(t.Context(), &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
	})
}

// TestWithdrawnByUpgrade takes an ask back by upgrading to the version that serves, whose Deployment the ask's own upgrade
// deleted: it is kept until traffic moves elsewhere, and then a later upgrade deploys it anew.
func TestWithdrawnByUpgrade(t *testing.T) {
	for _, program := range helms {
		t.Run(program, func(t *testing.T) {
			ns := namespace(t)
			helmUpgrade(t, program, ns, "versioned", "version=1.10")
			awaitAvailable(t, ns, "nginx-1.10", 2)
			r := send(t, ns, "nginx", "1.10")

			helmUpgrade(t, program, ns, "versioned", "version=1.11", "startup=300")
			helmUpgrade(t, program, ns, "versioned", "version=1.10")
			awaitPhase(t, ns, "nginx", bluegreen.Stable, frozen(ns))

			for _, version := range []string{"1.12", "1.10"} {
				r.asked(version)
				helmUpgrade(t, program, ns, "versioned", "version="+version)
				awaitVersion(t, ns, "nginx", version)
				r.awaitAnswer(t, version)
			}
			awaitAvailable(t, ns, "nginx-1.10", 2)
			assertSwitched(t, r.judge(t).Switches)
		})
	}
}

// TestRollbackOfHelm3 rolls back while the switch is held: Helm 3 then writes the Deployment under deletion without the
// finalizer, which alone keeps what serves.
func TestRollbackOfHelm3(t *testing.T) {
	ns := namespace(t)
	helmUpgrade(t, "helm3", ns, "versioned", "version=1.10")
	awaitAvailable(t, ns, "nginx-1.10", 2)
	r := send(t, ns, "nginx", "1.10")

	helmUpgrade(t, "helm3", ns, "versioned", "version=1.11", "startup=300")
	printed := run(t, "helm3", "rollback", "app", "1", "--namespace", ns)
	contains(t, printed.stderr, "bluegreen: metadata.finalizers: keeps "+bluegreen.InUseProtection+", because Deployment nginx-1.10 serves")
	awaitPhase(t, ns, "nginx", bluegreen.Stable, frozen(ns))

	r.asked("1.12")
	helmUpgrade(t, "helm3", ns, "versioned", "version=1.12")
	awaitVersion(t, ns, "nginx", "1.12")
	r.awaitAnswer(t, "1.12")
	assertSwitched(t, r.judge(t).Switches)
}
