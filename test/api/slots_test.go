package api

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// slots is a Service on 1.10 in slot blue, and a slot green that is idle. The Deployments' selectors do not name the version.
func slots(t *testing.T) (nginx *corev1.Service, blue, green *appsv1.Deployment) {
	t.Helper()
	ns := suite.Namespace(t)
	serving(t, ns)
	blue, green = slotOf(t, ns, "blue", "1.10", 2), slotOf(t, ns, "green", "1.09", 0)
	rolledOut(t, blue)
	nginx = service(ns, "1.10", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	deploymentUntil(t, blue, "the note of what it serves", func(d *appsv1.Deployment) bool {
		return protected(d) && d.Annotations["bluegreen/serves"] == "name=nginx,version=1.10"
	})
	return nginx, blue, green
}

func slotOf(t *testing.T, namespace, slot, version string, replicas int32) *appsv1.Deployment {
	t.Helper()
	made := &appsv1.Deployment{}
	made.Namespace, made.Name = namespace, "nginx-"+slot
	made.Spec.Replicas = &replicas
	made.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"name": "nginx", "slot": slot}}
	made.Spec.Template.Labels = map[string]string{"name": "nginx", "slot": slot, "version": version}
	made.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:" + version}}
	if err := admin.Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	return made
}

// rolledOut plays the Deployment controller: all replicas are of the template, and available.
func rolledOut(t *testing.T, deployment *appsv1.Deployment) {
	t.Helper()
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment); err != nil {
		t.Fatal(err)
	}
	available(t, deployment, true)
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status":{"updatedReplicas":%d}}`, *deployment.Spec.Replicas))
	if err := admin.Status().Patch(t.Context(), deployment, patch); err != nil {
		t.Fatal(err)
	}
}

// relabel writes what a chart with a slot's version and replicas writes.
func relabel(t *testing.T, c client.Client, slot *appsv1.Deployment, version string, replicas int32) {
	t.Helper()
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
		`{"spec":{"replicas":%d,"template":{"metadata":{"labels":{"version":%q}}}}}`, replicas, version))
	if err := c.Patch(t.Context(), slot.DeepCopy(), patch); err != nil {
		t.Fatal(err)
	}
}

// says looks for a text in the message of a Service that waits for nothing.
func says(text string) func(*corev1.Service) bool {
	return func(s *corev1.Service) bool {
		return s.Annotations["bluegreen/phase"] == "Stable" && strings.Contains(s.Annotations["bluegreen/message"], text)
	}
}

func held(d *appsv1.Deployment) bool {
	return d != nil && d.Spec.Paused && *d.Spec.Replicas == 2 && d.Annotations["bluegreen/resume-after"] != ""
}

// rolls says that nothing of a Deployment is held any more.
func rolls(version string, replicas int32) func(*appsv1.Deployment) bool {
	return func(d *appsv1.Deployment) bool {
		return d != nil && !d.Spec.Paused && *d.Spec.Replicas == replicas && d.Spec.Template.Labels["version"] == version &&
			d.Annotations["bluegreen/resume-after"] == ""
	}
}

func TestALiveSlotThatIsRelabelledAndScaledDownServesUntilTrafficHasMoved(t *testing.T) {
	shipped.StartFor(t)
	human, warned := recorded(t)
	nginx, blue, green := slots(t)
	relabel(t, human, green, "1.11", 2)
	ask(t, nginx, "1.11")
	relabel(t, human, blue, "1.12", 0)
	want := "the pods of Deployment nginx-blue keep name=nginx,version=1.10"
	if texts := warned.take(); len(texts) != 1 || !strings.Contains(texts[0], want) {
		t.Errorf("warnings %q", texts)
	}
	deploymentUntil(t, blue, "the rollout is held", held)
	relabel(t, human, blue, "1.12", 0) // Every apply writes the same once more.
	deploymentUntil(t, blue, "it stays held", held)

	rolledOut(t, green)
	until(t, client.ObjectKeyFromObject(nginx), "traffic moves", live("1.11"))
	deploymentUntil(t, blue, "the slot is as it was written", func(d *appsv1.Deployment) bool { return rolls("1.12", 0)(d) && !protected(d) })
	deploymentUntil(t, green, "green serves", protected)
}

func TestALiveSlotThatIsRelabelledByMistakeIsHeldUntilItIsPutRight(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, _ := slots(t)
	key := client.ObjectKeyFromObject(nginx)
	relabel(t, admin, blue, "1.1O", 2)
	deploymentUntil(t, blue, "the rollout is held", held)
	until(t, key, "it is told",
		says("Deployment nginx-blue: serves name=nginx,version=1.10, and its new pod labels would take its pods out of the Service"))

	// No write but the one that puts it right is a way out.
	resume := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":null},"spec":{"paused":false}}`))
	if err := admin.Patch(t.Context(), blue.DeepCopy(), resume); err != nil {
		t.Fatal(err)
	}
	deploymentUntil(t, blue, "it is still held", held)

	relabel(t, admin, blue, "1.10", 2)
	deploymentUntil(t, blue, "it is as before", func(d *appsv1.Deployment) bool { return rolls("1.10", 2)(d) && protected(d) })
	until(t, key, "the message goes", func(s *corev1.Service) bool { return s.Annotations["bluegreen/message"] == "" })
}

func TestARelabelledSlotThatIsItsOwnTargetRollsOutWhenAskedFor(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, _ := slots(t)
	relabel(t, admin, blue, "1.12", 2)
	deploymentUntil(t, blue, "the rollout is held", held)
	ask(t, nginx, "1.12")
	deploymentUntil(t, blue, "the rollout goes on", rolls("1.12", 2))
	rolledOut(t, blue)
	until(t, client.ObjectKeyFromObject(nginx), "traffic moves", live("1.12"))
	deploymentUntil(t, blue, "it serves", func(d *appsv1.Deployment) bool {
		return protected(d) && d.Annotations["bluegreen/serves"] == "name=nginx,version=1.12"
	})
}

func TestWithNoPodOfBluegreenALiveSlotKeepsItsLabels(t *testing.T) {
	running := shipped.StartFor(t)
	_, blue, _ := slots(t)
	running.End(t.Context(), syscall.SIGTERM)
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"template":{"metadata":{"labels":{"version":"1.12"}}}}}`))
	err := admin.Patch(t.Context(), blue.DeepCopy(), patch)
	want := "serves a Service that bluegreen manages, by the pod labels name=nginx,version=1.10"
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v", err)
	}
	paused := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"paused":true,"template":{"metadata":{"labels":{"version":"1.12"}}}}}`))
	if err := admin.Patch(t.Context(), blue.DeepCopy(), paused); err != nil {
		t.Fatal(err)
	}
	resume := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":null},"spec":{"paused":false}}`))
	if err := admin.Patch(t.Context(), blue.DeepCopy(), resume); !apierrors.IsForbidden(err) {
		t.Errorf("a resume: got %v", err)
	}
}

// TestALiveDeploymentUnderDeletionIsKeptWhateverItsTemplateSays: its controller ignores the template from then on.
func TestALiveDeploymentUnderDeletionIsKeptWhateverItsTemplateSays(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, green := slots(t)
	if err := admin.Delete(t.Context(), blue, client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	relabel(t, admin, blue, "1.11", 2)
	key := client.ObjectKeyFromObject(nginx)
	until(t, key, "the deletion is told", says("Deployment nginx-blue: serves and is being deleted"))
	deploymentUntil(t, blue, "it is kept", func(d *appsv1.Deployment) bool { return protected(d) && d.DeletionTimestamp != nil })
	relabel(t, admin, green, "1.11", 2)
	ask(t, nginx, "1.11")
	rolledOut(t, green)
	until(t, key, "traffic moves", live("1.11"))
	deploymentUntil(t, blue, "it goes", gone)
}

func TestBlueIsKeptForTheDrainAndCanBeSwitchedBackToMeanwhile(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, green := protectedPair(t)
	if err := annotate(t, admin, nginx, "bluegreen/drain", "10s"); err != nil {
		t.Fatal(err)
	}
	key := client.ObjectKeyFromObject(nginx)
	available(t, green, true)
	ask(t, nginx, "1.11")
	until(t, key, "traffic moves", live("1.11"))
	moved := time.Now()
	if err := admin.Delete(t.Context(), blue, client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	ask(t, nginx, "1.10")
	until(t, key, "traffic moves back to what is being deleted", live("1.10"))
	until(t, key, "which is told", says("Deployment nginx-1.10: serves and is being deleted"))
	ask(t, nginx, "1.11")
	until(t, key, "traffic moves again", live("1.11"))
	again := time.Now()
	deploymentUntil(t, blue, "it goes", gone)
	if drained := time.Since(again); drained < 9*time.Second {
		t.Errorf("blue was unprotected %v after traffic left it for good, and %v after it did first", drained, time.Since(moved))
	}
}

func TestAScaleDownInTheDrainWaitsForItsEnd(t *testing.T) {
	shipped.StartFor(t)
	human, warned := recorded(t)
	nginx, blue, green := protectedPair(t)
	if err := annotate(t, admin, nginx, "bluegreen/drain", "4s"); err != nil {
		t.Fatal(err)
	}
	available(t, green, true)
	ask(t, nginx, "1.11")
	until(t, client.ObjectKeyFromObject(nginx), "traffic moves", live("1.11"))
	moved := time.Now()
	scaleTo(t, human, blue, 0)
	if texts := warned.take(); len(texts) != 1 || !strings.Contains(texts[0], "until Deployment nginx-1.10 has drained") {
		t.Errorf("warnings %q", texts)
	}
	deploymentUntil(t, blue, "the scale-down", hasReplicas(0))
	if drained := time.Since(moved); drained < 3*time.Second {
		t.Errorf("scaled down %v after traffic had moved", drained)
	}
}

// TestAServiceThatIsCreatedAgainFindsItsDeployment: kubectl replace --force deletes it first.
func TestAServiceThatIsCreatedAgainFindsItsDeployment(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, _ := protectedPair(t)
	if err := admin.Delete(t.Context(), blue, client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	if err := admin.Delete(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	deploymentUntil(t, blue, "the deletion", func(d *appsv1.Deployment) bool { return d.DeletionTimestamp != nil })
	if err := admin.Create(t.Context(), service(nginx.Namespace, "1.10", "1.10")); err != nil {
		t.Fatal(err)
	}
	until(t, client.ObjectKeyFromObject(nginx), "it is told", says("Deployment nginx-1.10: serves and is being deleted"))
	deploymentUntil(t, blue, "it is kept", protected)
}

func TestADeploymentDeletedWithoutItsPodsIsUnprotected(t *testing.T) {
	shipped.StartFor(t)
	_, blue, _ := protectedPair(t)
	owned := &appsv1.ReplicaSet{}
	owned.Namespace, owned.Name = blue.Namespace, "nginx-1.10-1"
	owned.Labels = blue.Spec.Template.Labels
	owned.Spec.Selector, owned.Spec.Template = blue.Spec.Selector, blue.Spec.Template
	owned.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(blue, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	if err := admin.Create(t.Context(), owned); err != nil {
		t.Fatal(err)
	}
	if err := admin.Delete(t.Context(), blue, client.PropagationPolicy("Orphan")); err != nil {
		t.Fatal(err)
	}
	deploymentUntil(t, blue, "it is kept while it owns pods", func(d *appsv1.Deployment) bool {
		return protected(d) && slices.Contains(d.Finalizers, metav1.FinalizerOrphanDependents)
	})
	// The garbage collector's part: it takes the owner away, and then its own finalizer.
	for _, write := range []struct {
		object client.Object
		patch  string
	}{
		{object: owned, patch: `{"metadata":{"ownerReferences":null}}`},
		{object: blue, patch: `{"metadata":{"finalizers":["bluegreen/in-use-protection"]}}`},
	} {
		if err := admin.Patch(t.Context(), write.object, client.RawPatch(types.MergePatchType, []byte(write.patch))); err != nil {
			t.Fatal(err)
		}
	}
	deploymentUntil(t, blue, "it goes", gone)
}
