package protection

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// TestWhatNeverHadTrafficDoesNotDrain: a switch to it was asked for and withdrawn, and then it is deleted. Nobody waits for a drain.
func TestWhatNeverHadTrafficDoesNotDrain(t *testing.T) {
	target := InUse(Green) // It waited, so it has the finalizer, and no note.
	server := NewAPIServer(t, target, OnVersion(Blue))
	protection := newProtection(server, enabled)
	protection.serviceChanged(t.Context(), Asking(Green), OnVersion(Blue), newRecordingQueue())
	if err := server.Delete(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	deleted := server.Stored(target)
	protection.deploymentChanged(t.Context(), target, deleted, newRecordingQueue())

	lookAgain, err := reconcileDeployment(t, protection, deleted)
	if err != nil || lookAgain != 0 {
		t.Errorf("got %v, %v", lookAgain, err)
	}
	if after := server.Stored(target); bluegreen.Protected(after) {
		t.Errorf("finalizers %q", after.Finalizers)
	}
}

// TestNoDrainIsNoWait: nothing was seen to leave, and the installation asks for no drain.
func TestNoDrainIsNoWait(t *testing.T) {
	left := InUse(Green)
	server := NewAPIServer(t, left, OnVersion(Blue))
	protection := New(cluster.New(server.ThroughCache(), server, server.Recorder, Elected), enabled, 0)
	if lookAgain, err := reconcileDeployment(t, protection, server.Stored(left)); err != nil || lookAgain != 0 {
		t.Errorf("got %v, %v", lookAgain, err)
	}
}

// TestOtherSlotsAreWaitedForInEachAsk: Helm writes the Service, the live slot and the other slot one after the other. The live slot
// is its own target until the other is written, in the first ask and, a minute later, in the next.
func TestOtherSlotsAreWaitedForInEachAsk(t *testing.T) {
	live := HeldSlot()
	other := Changed(InUse("1.09"), func(slot *appsv1.Deployment) {
		slot.Name, slot.UID = "nginx-green", "3"
		slot.Spec.Selector.MatchLabels = map[string]string{"name": "nginx", "slot": "green"}
	})
	server := NewAPIServer(t, live, other, Asking("1.12"))
	protection := newProtection(server, enabled)

	staysPaused(t, server, protection, 5*time.Second)
	relabel(t, server, other, "1.12")
	staysPaused(t, server, protection, 0)

	aMinutePasses(protection)
	relabel(t, server, live, "1.13")
	ask(t, server, "1.13")
	staysPaused(t, server, protection, 5*time.Second)
}

// staysPaused reconciles the live slot, and expects that it stays paused and is looked at again after some time.
func staysPaused(t *testing.T, server *APIServer, protection *Controller, want time.Duration) {
	t.Helper()
	lookAgain, err := reconcileDeployment(t, protection, server.Stored(HeldSlot()))
	if err != nil || lookAgain.Round(time.Second) != want {
		t.Errorf("looked at again after %s, want %s, %v", lookAgain, want, err)
	}
	if !server.Stored(HeldSlot()).Spec.Paused {
		t.Error("the live slot rolls out in place")
	}
}

func relabel(t *testing.T, server *APIServer, slot *appsv1.Deployment, version string) {
	t.Helper()
	relabelled := server.Stored(slot)
	relabelled.Spec.Template.Labels["version"] = version
	if err := server.Update(t.Context(), relabelled); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, server *APIServer, version string) {
	t.Helper()
	asking := Changed(server.Service(), func(service *corev1.Service) { service.Annotations[bluegreen.TargetVersion] = version })
	if err := server.Update(t.Context(), asking); err != nil {
		t.Fatal(err)
	}
}

// aMinutePasses for all that the controller remembers.
func aMinutePasses(protection *Controller) {
	for _, left := range protection.drains.left {
		for service := range left {
			left[service] = left[service].Add(-time.Minute)
		}
	}
}
