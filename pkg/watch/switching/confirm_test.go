package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestATargetThatIsNotReadyOnTheAPIServerIsNotSwitchedTo, whatever the cache holds: it is behind.
func TestATargetThatIsNotReadyOnTheAPIServerIsNotSwitchedTo(t *testing.T) {
	for name, test := range map[string]struct {
		stored *appsv1.Deployment
		reason string
	}{
		"not available any more": {
			stored: Starting("nginx-1.11"),
			reason: "NotAvailable",
		},
		"relabelled": {
			stored: Changed(Ready("nginx-1.11"), func(d *appsv1.Deployment) { d.Spec.Template.Labels = PodsOf("1.12") }),
			reason: "DeploymentNotFound",
		},
		"scaled to zero": {
			stored: Changed(Ready("nginx-1.11"), func(d *appsv1.Deployment) { *d.Spec.Replicas = 0 }),
			reason: "ScaledToZero",
		},
		"edited": {
			stored: Changed(Ready("nginx-1.11"), func(d *appsv1.Deployment) { d.Generation = 2 }),
			reason: "NotAvailable",
		},
		"gone": {
			stored: nil,
			reason: "DeploymentNotFound",
		},
		"being deleted": {
			stored: Deleted(Changed(Ready("nginx-1.11"), func(d *appsv1.Deployment) { d.Finalizers = []string{"example.org/slow"} })),
			reason: "DeploymentDeleting",
		},
	} {
		t.Run(name, func(t *testing.T) {
			stored := []client.Object{Asking(Green)}
			if test.stored != nil {
				stored = append(stored, test.stored)
			}
			server := NewAPIServer(t, stored...)
			server.CacheHolds(Ready("nginx-1.11"))
			said, err := reconciled(server)
			if err != nil {
				t.Fatal(err)
			}
			expectTraffic(server, Blue, "Waiting")
			ExpectOneEvent(t, said, "Normal "+test.reason)
		})
	}
}

// TestTheTargetReadFromTheAPIServerReplacesTheCaches: while the selector names no version, the target is among what is live too.
func TestTheTargetReadFromTheAPIServerReplacesTheCaches(t *testing.T) {
	service := Asking(Green)
	service.Spec.Selector = map[string]string{"name": "nginx"}
	service.Annotations[bluegreen.Ready] = string(bluegreen.MatchLive)
	live := Changed(Ready("nginx-1.10"), func(d *appsv1.Deployment) { d.Spec.Template.Labels = PodsOf(Blue) })
	fewer := Changed(Ready("nginx-1.11"), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 2 })
	server := NewAPIServer(t, service, live, fewer)
	server.CacheHolds(live, Ready("nginx-1.11"))
	said, err := reconciled(server)
	if err != nil {
		t.Fatal(err)
	}
	ExpectOneEvent(t, said, "Normal FewerThanLive")
}

func TestAnAPIServerThatCannotBeReadIsAnErrorAndMovesNothing(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Ready("nginx-1.11"))
	failure := errors.New("no route")
	controller := newController(server, setup{apiReader: failingReader{server, failure}})
	said, err := reconcileService(server, controller, server.ServiceInCache())
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), "nginx-1.11") {
		t.Errorf("got %v", err)
	}
	expectNothingSaidOrSent(server, said)
}

type failingReader struct {
	client.Reader
	err error
}

func (f failingReader) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return f.err
}

// late is a Service whose target was asked for 11 minutes ago, and may take 10.
func late() *corev1.Service {
	service := Asking(Green)
	service.Annotations[bluegreen.Deadline] = "10m"
	service.Annotations[bluegreen.AttemptKey] = bluegreen.Read(service).Try(now.Add(-11 * time.Minute)).String()
	return service
}

// TestAnAskFailsByWhatTheAPIServerKnows, whatever the cache holds: a failure stays.
func TestAnAskFailsByWhatTheAPIServerKnows(t *testing.T) {
	for name, test := range map[string]struct {
		cached, stored []client.Object
		live, phase    string
	}{
		"ready, and the cache does not know it yet": {
			cached: []client.Object{InUse(Blue)},
			stored: []client.Object{InUse(Blue), Ready("nginx-1.11")},
			live:   Green,
			phase:  "Stable",
		},
		"ready, and the cache is behind": {
			cached: []client.Object{InUse(Blue), Starting("nginx-1.11")},
			stored: []client.Object{InUse(Blue), Ready("nginx-1.11")},
			live:   Green,
			phase:  "Stable",
		},
		"not ready": {
			cached: []client.Object{InUse(Blue), Starting("nginx-1.11")},
			stored: []client.Object{InUse(Blue), Starting("nginx-1.11")},
			live:   Blue,
			phase:  "Failed",
		},
		"not ready, and what is live went down": {
			cached: []client.Object{InUse(Blue), Starting("nginx-1.11")},
			stored: []client.Object{Changed(InUse(Blue), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 }), Starting("nginx-1.11")},
			live:   Blue,
			phase:  "Waiting",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, append(test.stored, late())...)
			server.CacheHolds(test.cached...)
			if _, err := reconciledAsSeen(server, late()); err != nil {
				t.Fatal(err)
			}
			expectTraffic(server, test.live, test.phase)
		})
	}
}

// TestTrafficReturnsByWhatTheAPIServerKnows, whatever the cache holds: a minute ago it went to green, which is watched.
func TestTrafficReturnsByWhatTheAPIServerKnows(t *testing.T) {
	broke := Changed(InUse(Green), func(d *appsv1.Deployment) {
		d.Status.AvailableReplicas = 0
		d.Status.Conditions[0].Status = corev1.ConditionFalse
		d.Status.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(-time.Minute))
	})
	ended := Changed(InUse(Blue), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 })
	for name, test := range map[string]struct {
		cached, stored []client.Object
		live, phase    string
	}{
		"broken": {
			cached: []client.Object{InUse(Blue), broke},
			stored: []client.Object{InUse(Blue), broke},
			live:   Blue,
			phase:  "RolledBack",
		},
		"well again, and the cache is behind": {
			cached: []client.Object{InUse(Blue), broke},
			stored: []client.Object{InUse(Blue), InUse(Green)},
			live:   Green,
			phase:  "Stable",
		},
		"another template, and the cache is behind": {
			cached: []client.Object{InUse(Blue), broke},
			stored: []client.Object{InUse(Blue), Changed(broke.DeepCopy(), func(d *appsv1.Deployment) {
				d.Annotations = map[string]string{"deployment.kubernetes.io/revision": "2"}
			})},
			live:  Green,
			phase: "Stable",
		},
		"what was left has gone, and the cache is behind": {
			cached: []client.Object{InUse(Blue), broke},
			stored: []client.Object{broke},
			live:   Green,
			phase:  "Failed",
		},
		"what was left is ready, and the cache does not know it": {
			cached: []client.Object{ended, broke},
			stored: []client.Object{InUse(Blue), broke},
			live:   Blue,
			phase:  "RolledBack",
		},
	} {
		t.Run(name, func(t *testing.T) {
			stored := append([]client.Object{onGreen(time.Minute)}, test.stored...)
			server := NewAPIServer(t, stored...)
			server.CacheHolds(test.cached...)
			if err := reconciledWithProtection(server); err != nil {
				t.Fatal(err)
			}
			expectTraffic(server, test.live, test.phase)
		})
	}
}

// TestASwitchThatDoesNotComeAboutIsNoReasonToReturn: the cache is behind in what is asked for, and in what is live.
func TestASwitchThatDoesNotComeAboutIsNoReasonToReturn(t *testing.T) {
	asks := onGreen(time.Minute)
	asks.Annotations[bluegreen.TargetVersion] = "1.12"
	broke := Changed(InUse(Green), func(d *appsv1.Deployment) {
		d.Status.AvailableReplicas = 0
		d.Status.Conditions[0].Status = corev1.ConditionFalse
	})
	starting := Changed(InUse("1.12"), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 })
	server := NewAPIServer(t, asks, InUse(Blue), InUse(Green), starting)
	server.CacheHolds(InUse(Blue), broke, InUse("1.12"))
	if err := reconciledWithProtection(server); err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Green, "Waiting")
}

// TestTrafficDoesNotReturnToWhatIsUnprotectedMeanwhile: the other controller holds its lock while this one decides.
func TestTrafficDoesNotReturnToWhatIsUnprotectedMeanwhile(t *testing.T) {
	broke := Changed(Starting("nginx-1.11"), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 })
	blue := Changed(InUse(Blue), func(d *appsv1.Deployment) { d.Finalizers = []string{bluegreen.InUseProtection} })
	server := NewAPIServer(t, onGreen(time.Minute), blue, broke)
	if err := server.Delete(t.Context(), blue); err != nil {
		t.Fatal(err)
	}
	controller := newController(server, setup{})
	unlock := controller.cluster.Lock(blue)
	done := make(chan error)
	seen := server.ServiceInCache()
	go func() {
		_, err := controller.Reconcile(t.Context(), seen)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("it did not wait for the lock: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	unprotected := server.Stored(blue)
	unprotected.Finalizers = nil
	if err := server.Update(t.Context(), unprotected); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Green, "Failed")
}

// onGreen is a Service that was switched to green so long ago, and is watched for ten minutes.
func onGreen(ago time.Duration) *corev1.Service {
	service := OnVersion(Green)
	service.Annotations[bluegreen.PhaseKey] = "Stable"
	service.Annotations[bluegreen.AutoRollback] = "10m"
	switched := bluegreen.Read(Asking(Green)).Switched(now.Add(-ago))
	service.Annotations[bluegreen.LastSwitchKey] = switched.Watching([]*appsv1.Deployment{InUse(Green)}).String()
	return service
}

func TestAServiceThatWaitsIsLookedAtAgainAtItsDeadline(t *testing.T) {
	asks := Asking(Green)
	asks.Annotations[bluegreen.Deadline] = "10m"
	for name, test := range map[string]struct {
		service *corev1.Service
		want    time.Duration
	}{
		"with a deadline":       {service: asks, want: 10 * time.Minute},
		"without a deadline":    {service: Asking(Green)},
		"once it has failed":    {service: late()},
		"at rest, with a limit": {service: Changed(OnVersion(Blue), func(s *corev1.Service) { s.Annotations[bluegreen.Deadline] = "10m" })},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, test.service, InUse(Blue), Starting("nginx-1.11"))
			if got := lookedAtAgain(t, newController(server, setup{}), server.ServiceInCache()); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
