package api

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// chart is what a Helm 4 chart with the version in annotation and selector applies, without forcing conflicts.
func chart(t *testing.T, namespace, target string, selector map[string]string) {
	t.Helper()
	applied := corev1apply.Service("nginx", namespace).
		WithAnnotations(map[string]string{"bluegreen/target-version": target}).
		WithSpec(corev1apply.ServiceSpec().WithSelector(selector).
			WithPorts(corev1apply.ServicePort().WithPort(80).WithProtocol(corev1.ProtocolTCP)))
	if err := admin.Apply(t.Context(), applied, client.FieldOwner("helm")); err != nil {
		t.Fatalf("applying a chart that asks for %s: %v", target, err)
	}
}

// upgrade applies a chart of a version that is not ready, and lets it become ready.
func upgrade(t *testing.T, namespace, version string, selector map[string]string) {
	t.Helper()
	key := client.ObjectKey{Namespace: namespace, Name: "nginx"}
	green := deployment(t, namespace, version)
	chart(t, namespace, version, selector)
	until(t, key, "the switch is held", message("waiting for MinimumReplicasAvailable"))
	held := get(t, key).ResourceVersion
	chart(t, namespace, version, selector)
	if again := get(t, key).ResourceVersion; again != held {
		t.Errorf("applying the same chart again while held changed resourceVersion from %s to %s", held, again)
	}
	available(t, green, true)
	moved := until(t, key, "traffic moves", live(version)).ResourceVersion
	chart(t, namespace, version, selector)
	if again := get(t, key).ResourceVersion; again != moved {
		t.Errorf("applying the same chart again after the switch changed resourceVersion from %s to %s", moved, again)
	}
}

func TestServerSideApplyNeverConflicts(t *testing.T) {
	shipped.StartFor(t)
	for name, selector := range map[string]func(version string) map[string]string{
		"with the version in both places": func(v string) map[string]string { return map[string]string{"name": "nginx", "version": v} },
		"with the annotation alone":       func(string) map[string]string { return map[string]string{"name": "nginx"} },
	} {
		t.Run(name, func(t *testing.T) {
			ns := suite.Namespace(t)
			serving(t, ns)
			available(t, deployment(t, ns, "1.10"), true)
			chart(t, ns, "1.10", selector("1.10"))
			for _, version := range []string{"1.11", "1.12", "1.13"} {
				upgrade(t, ns, version, selector(version))
			}
			nginx := get(t, client.ObjectKey{Namespace: ns, Name: "nginx"})
			if err := annotate(t, admin, nginx, "bluegreen/target-version", "1.12"); err != nil {
				t.Fatal(err)
			}
			until(t, client.ObjectKeyFromObject(nginx), "traffic moves back", live("1.12"))
			upgrade(t, ns, "1.14", selector("1.14"))
		})
	}
}

func TestOneWriteMovesTrafficAndNoneIsWasted(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	available(t, deployment(t, ns, "1.10"), true)
	available(t, deployment(t, ns, "1.11"), true)
	pending := deployment(t, ns, "1.12")
	nginx := service(ns, "1.10", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	key := client.ObjectKeyFromObject(nginx)
	states := watchStates(t, nginx)

	ask := func(version string) {
		t.Helper()
		if err := annotate(t, admin, nginx, "bluegreen/target-version", version); err != nil {
			t.Fatal(err)
		}
	}
	ask("1.11")
	until(t, key, "traffic moves", live("1.11"))
	ask("1.12")
	until(t, key, "the switch is held", message("waiting for"))
	for _, observed := range []int32{1, 2} { // Progress that changes neither phase nor reason.
		base := pending.DeepCopy()
		pending.Status.Replicas, pending.Status.UpdatedReplicas = observed, observed
		if err := admin.Status().Patch(t.Context(), pending, client.MergeFrom(base)); err != nil {
			t.Fatal(err)
		}
	}
	available(t, pending, true)
	until(t, key, "traffic moves", live("1.12"))
	if err := annotate(t, admin, nginx, "end", "1"); err != nil {
		t.Fatal(err)
	}

	want := []string{
		"1.10 Waiting Asked to move from version 1.10 to version 1.11: waiting for the controller to look at it",
		"1.11 Stable ",
		"1.11 Waiting Asked to move from version 1.11 to version 1.12: waiting for the controller to look at it",
		"1.11 Waiting Deployment nginx-1.12: waiting for MinimumReplicasAvailable",
		"1.12 Stable ",
	}
	if got := states(); !slices.Equal(got, want) {
		t.Errorf("writes of the Service:\n%q\nwant:\n%q", got, want)
	}
}

// watchStates records every write of a Service after this one, up to that of the annotation "end".
func watchStates(t *testing.T, service *corev1.Service) func() []string {
	t.Helper()
	watcher, err := admin.Watch(t.Context(), &corev1.ServiceList{}, client.InNamespace(service.Namespace),
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: service.ResourceVersion}})
	if err != nil {
		t.Fatal(err)
	}
	return func() []string {
		defer watcher.Stop()
		var states []string
		for event := range watcher.ResultChan() {
			seen := event.Object.(*corev1.Service)
			if seen.Annotations["end"] != "" {
				break
			}
			states = append(states, seen.Spec.Selector["version"]+" "+seen.Annotations["bluegreen/phase"]+" "+seen.Annotations["bluegreen/message"])
		}
		return states
	}
}

func TestATargetWithoutReplicasIsHeldUntilItHasPods(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	green := deployment(t, ns, "1.11")
	scale(t, green, 0)
	available(t, green, true)
	nginx := service(ns, "1.11", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	key := client.ObjectKeyFromObject(nginx)
	until(t, key, "the lack of pods is told", message("Deployment nginx-1.11: has 0 replicas: scale it up with kubectl scale"))
	scale(t, green, 2)
	until(t, key, "readiness is awaited", message("waiting for MinimumReplicasAvailable"))
	available(t, green, true)
	until(t, key, "traffic moves", live("1.11"))
}

func scale(t *testing.T, deployment *appsv1.Deployment, replicas int32) {
	t.Helper()
	base := deployment.DeepCopy()
	deployment.Spec.Replicas = new(replicas)
	if err := admin.Patch(t.Context(), deployment, client.MergeFrom(base)); err != nil {
		t.Fatal(err)
	}
}
