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
)

// TestAutoscalers has both Deployments scaled by autoscalers while a switch is pending and after it.
func TestAutoscalers(t *testing.T) {
	ns, r := twoVersions(t)
	scale(t, ns, "nginx-1.11", 0)
	awaitAvailable(t, ns, "nginx-1.11", 0)
	ask(t, r, ns, "1.11")
	awaitService(t, ns, "nginx", "a pending switch", pending)

	deployments := record[*appsv1.Deployment](t, cluster.AppsV1().Deployments(ns).Watch)
	start := time.Now()
	autoscale(t, ns, "nginx-1.10", 4)
	awaitAvailable(t, ns, "nginx-1.10", 4)
	scale(t, ns, "nginx-1.11", 1)
	autoscale(t, ns, "nginx-1.11", 5)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	awaitAvailable(t, ns, "nginx-1.11", 5)

	for name, want := range map[string][]int32{"nginx-1.10": {3, 4}, "nginx-1.11": {0, 1, 5}} {
		if got := replicasOf(deployments.since(start), name); !slices.Equal(got, want) {
			t.Errorf("replicas of %s went %v, want %v", name, got, want)
		}
	}
	assertSwitched(t, r.Judge(t).Switches)
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
// switch is pending.
func TestBlueLivesOnWhileGreenWaits(t *testing.T) {
	ns, r := twoVersions(t)
	createBudget(t, ns, 2)
	scale(t, ns, "nginx-1.11", 0)
	ask(t, r, ns, "1.11")
	awaitService(t, ns, "nginx", "a pending switch", pending)

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
	r.AwaitAnswer(t, "1.11")
	assertSwitched(t, r.Judge(t).Switches)
}

func createBudget(t *testing.T, namespace string, minimum int) {
	t.Helper()
	_, err := cluster.PolicyV1().PodDisruptionBudgets(namespace).Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "nginx-1.10"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: new(intstr.FromInt(minimum)),
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
