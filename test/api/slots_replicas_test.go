package api

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	appsv1apply "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// applySlot applies a slot as Helm 4 does, without forcing conflicts, and returns it.
func applySlot(t *testing.T, namespace, slot, version string, replicas int32) *appsv1.Deployment {
	t.Helper()
	selected := map[string]string{"name": "nginx", "slot": slot}
	applied := appsv1apply.Deployment("nginx-"+slot, namespace).WithSpec(appsv1apply.DeploymentSpec().
		WithReplicas(replicas).
		WithSelector(metav1apply.LabelSelector().WithMatchLabels(selected)).
		WithTemplate(corev1apply.PodTemplateSpec().WithLabels(selected).WithLabels(map[string]string{"version": version}).
			WithSpec(corev1apply.PodSpec().WithContainers(corev1apply.Container().WithName("nginx").WithImage("nginx:" + version)))))
	if err := admin.Apply(t.Context(), applied, client.FieldOwner("helm")); err != nil {
		t.Fatalf("applying slot %s with version %s and %d replicas: %v", slot, version, replicas, err)
	}
	stored := &appsv1.Deployment{}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "nginx-" + slot}, stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

// TestASlotThatWasHeldWithOtherReplicasIsAppliedAgainWithoutAConflict: bluegreen scales it once traffic has left. The API server
// would note that as an owner of the replicas, if they had another then.
func TestASlotThatWasHeldWithOtherReplicasIsAppliedAgainWithoutAConflict(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	blue := applySlot(t, ns, "blue", "1.10", 2)
	applySlot(t, ns, "green", "1.09", 0)
	rolledOut(t, blue)
	nginx := service(ns, "1.10", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	deploymentUntil(t, blue, "protection of what serves", protected)

	green := applySlot(t, ns, "green", "1.11", 2)
	ask(t, nginx, "1.11")
	asked := applySlot(t, ns, "blue", "1.12", 5)
	deploymentUntil(t, blue, "the rollout is held", held)
	if again := applySlot(t, ns, "blue", "1.12", 5); again.ResourceVersion != asked.ResourceVersion {
		t.Error("the same manifest, applied again, was stored anew")
	}
	rolledOut(t, green)
	until(t, client.ObjectKeyFromObject(nginx), "traffic moves", live("1.11"))
	deploymentUntil(t, blue, "the slot is as it was written", rolls("1.12", 5))

	applySlot(t, ns, "blue", "1.12", 5)
	if blue = applySlot(t, ns, "blue", "1.12", 0); *blue.Spec.Replicas != 0 {
		t.Errorf("has %d replicas", *blue.Spec.Replicas)
	}
	applySlot(t, ns, "blue", "1.13", 3)
}
