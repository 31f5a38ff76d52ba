package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
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
