package protection

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// retiring is the Service that has just moved from blue to green, and retires what it left an hour later.
func retiring(switched time.Time) *corev1.Service {
	return Changed(OnVersion(Green), func(s *corev1.Service) {
		s.Annotations[bluegreen.RetireAfter] = "1h"
		s.Annotations[bluegreen.LastSwitchKey] = bluegreen.Read(Switching{From: Blue, To: Green}.Service()).Switched(switched).String()
	})
}

// left is blue when traffic has just left it.
func left() *appsv1.Deployment {
	return Changed(InUse(Blue), func(d *appsv1.Deployment) {
		d.Annotations = map[string]string{bluegreen.Serves: NoteServing(Blue)}
	})
}

// settles reconciles a Deployment until nothing more is written, a new process each time, and returns after how long it is looked
// at again.
func settles(t *testing.T, server *APIServer, clock time.Time) time.Duration {
	t.Helper()
	for range 10 {
		protection := drainedProtection(server, enabled)
		protection.cluster.Now = func() time.Time { return clock }
		seen := server.Stored(left())
		lookAgain, err := reconcileDeployment(t, protection, seen)
		if err != nil {
			t.Fatal(err)
		}
		after := server.Stored(left())
		if after.ResourceVersion == seen.ResourceVersion {
			return lookAgain
		}
		countGeneration(server, seen)
	}
	t.Fatal("it never settles")
	return 0
}

// TestWhatWasLeftRetiresOnce an hour after the switch. Whoever scales it up again has the last word, and so on for the next switch.
func TestWhatWasLeftRetiresOnce(t *testing.T) {
	switched := time.Date(2026, 11, 28, 5, 0, 0, 0, time.UTC)
	for name, selectsBy := range map[string]func(*corev1.Service){
		"by name and version":  func(*corev1.Service) {},
		"by the version alone": func(s *corev1.Service) { delete(s.Spec.Selector, "name") },
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, left(), Changed(retiring(switched), selectsBy))

			if wait := settles(t, server, switched.Add(20*time.Minute)); wait != 40*time.Minute {
				t.Errorf("looked at again after %s", wait)
			}
			expectReplicas(t, server, 3)
			if settles(t, server, switched.Add(time.Hour)) != 0 {
				t.Error("it is looked at again")
			}
			expectReplicas(t, server, 0)
			if retired := server.Stored(left()); bluegreen.Unfinished(retired) || len(bluegreen.Notes(retired)) > 0 {
				t.Errorf("left behind: %v, %v", retired.Finalizers, retired.Annotations)
			}
			want := []string{
				"Normal Retiring traffic of Service nginx has left it; it goes to 0 replicas at 2026-11-28T06:00:00Z " +
					"(bluegreen/retire-after: 1h0m0s), unless it is asked for again",
				"Normal ScaleDownDone scaled from 3 to 0: traffic of Service nginx has left it",
			}
			if said := server.Said(); !slices.Equal(said, want) {
				t.Errorf("said %q, want %q", said, want)
			}

			scale(t, server, 2)
			settles(t, server, switched.Add(3*time.Hour))
			expectReplicas(t, server, 2)
		})
	}
}

// TestWhatIsUsedAgainDoesNotRetire, and what is scaled in between does, to the last pod.
func TestWhatIsUsedAgainDoesNotRetire(t *testing.T) {
	switched := time.Date(2026, 11, 28, 5, 0, 0, 0, time.UTC)
	server := NewAPIServer(t, left(), retiring(switched))
	settles(t, server, switched.Add(time.Minute))

	scale(t, server, 7) // By an autoscaler, say.
	asked := Changed(server.Service(), func(s *corev1.Service) { s.Annotations[bluegreen.TargetVersion] = Blue })
	update(t, server, asked)
	settles(t, server, switched.Add(2*time.Hour))
	expectReplicas(t, server, 7)

	withdrawn := Changed(server.Service(), func(s *corev1.Service) { s.Annotations[bluegreen.TargetVersion] = Green })
	update(t, server, withdrawn)
	settles(t, server, switched.Add(2*time.Hour))
	expectReplicas(t, server, 0)
}

func expectReplicas(t *testing.T, server *APIServer, want int32) {
	t.Helper()
	if got := *server.Stored(left()).Spec.Replicas; got != want {
		t.Errorf("%d replicas, want %d", got, want)
	}
}

// scale does what somebody does who scales blue.
func scale(t *testing.T, server *APIServer, replicas int32) {
	t.Helper()
	scaled := server.Stored(left())
	scaled.Spec.Replicas = &replicas
	scaled.Generation++
	if err := server.Update(t.Context(), scaled); err != nil {
		t.Fatal(err)
	}
}

func update(t *testing.T, server *APIServer, service *corev1.Service) {
	t.Helper()
	if err := server.Update(t.Context(), service); err != nil {
		t.Fatal(err)
	}
}
