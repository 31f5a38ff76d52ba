package switching

import (
	"context"
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

func TestALiveReadThatDisagreesWithTheCacheHoldsTheSwitch(t *testing.T) {
	relabelled := Ready("nginx-1.11")
	relabelled.Spec.Template.Labels = map[string]string{"name": "nginx", "version": "1.12"}
	scaledDown := Ready("nginx-1.11")
	*scaledDown.Spec.Replicas = 0
	newer := Ready("nginx-1.11")
	newer.Generation = 2
	deleting := Ready("nginx-1.11")
	deleting.Finalizers = []string{"example.org/slow"}

	for name, test := range map[string]struct {
		live   *appsv1.Deployment
		reason string
	}{
		"not available any more": {live: Starting("nginx-1.11"), reason: "NotAvailable"},
		"relabelled":             {live: relabelled, reason: "DeploymentNotFound"},
		"scaled to zero":         {live: scaledDown, reason: "ScaledToZero"},
		"edited":                 {live: newer, reason: "NotAvailable"},
		"gone":                   {live: nil, reason: "DeploymentNotFound"},
		"being deleted":          {live: deleting, reason: "DeploymentDeleting"},
	} {
		t.Run(name, func(t *testing.T) {
			stored := []client.Object{Asking(Green)}
			if test.live != nil {
				stored = append(stored, test.live)
			}
			c := newServer(t, stored...)
			if test.live == deleting {
				if err := c.Delete(context.Background(), test.live); err != nil {
					t.Fatal(err)
				}
			}
			c.cached = []client.Object{Ready("nginx-1.11")}
			said, err := c.reconcile()
			if err != nil {
				t.Fatal(err)
			}
			if service := c.stored(); service.Spec.Selector["version"] != Blue || service.Annotations[bluegreen.PhaseKey] != "Waiting" {
				t.Errorf("got %v, %v", service.Spec.Selector, service.Annotations)
			}
			if len(said) != 1 || !strings.HasPrefix(said[0], "Normal "+test.reason+" ") {
				t.Errorf("said %q", said)
			}
		})
	}
}

// TestALiveReadReplacesWhatTheCacheKnows: while the selector names no version, the target is of what serves too.
func TestALiveReadReplacesWhatTheCacheKnows(t *testing.T) {
	service := Asking(Green)
	service.Spec.Selector = map[string]string{"name": "nginx"}
	service.Annotations[bluegreen.Ready] = string(bluegreen.MatchLive)
	leaving := Ready("nginx-1.10")
	leaving.Spec.Template.Labels = map[string]string{"name": "nginx", "version": Blue}
	fewer := Ready("nginx-1.11")
	fewer.Status.AvailableReplicas = 2
	c := newServer(t, service, leaving, fewer)
	c.cached = []client.Object{leaving, Ready("nginx-1.11")}
	said, err := c.reconcile()
	if err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "Normal FewerThanLive ") {
		t.Errorf("said %q", said)
	}
}

func TestAFailingLiveReadIsAnErrorAndMovesNothing(t *testing.T) {
	c := newServer(t, Asking(Green), Ready("nginx-1.11"))
	failing := errors.New("no route")
	controller := New(cluster.New(c.Client, failingReader{c.Client, failing}, c.recorder), false)
	if _, err := controller.Reconcile(context.Background(), c.observed()); !errors.Is(err, failing) || !strings.Contains(err.Error(), "nginx-1.11") {
		t.Errorf("got %v", err)
	}
	if len(c.patches) > 0 || len(c.recorder.Events) > 0 {
		t.Errorf("%d patches, %d Events", len(c.patches), len(c.recorder.Events))
	}
}

func TestSomebodyFasterIsNoErrorAndNoEvent(t *testing.T) {
	services := schema.GroupResource{Resource: "services"}
	for name, test := range map[string]struct {
		err    error
		faster func(*server, *corev1.Service)
	}{
		"conflict": {err: apierrors.NewConflict(services, "nginx", errors.New("changed")),
			faster: func(c *server, service *corev1.Service) {
				if err := c.Client.Patch(context.Background(), service, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"app":"other"}}}`))); err != nil {
					t.Fatal(err)
				}
			},
		},
		"created anew": {err: apierrors.NewConflict(services, "nginx", errors.New("precondition")),
			faster: func(c *server, service *corev1.Service) {
				service.UID = "9"
				c.rewrite(service)
			},
		},
		"gone": {err: apierrors.NewNotFound(services, "nginx"), faster: func(c *server, service *corev1.Service) {
			if err := c.Delete(context.Background(), service); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newServer(t, Asking(Green), Ready("nginx-1.11"))
			seen := c.observed()
			test.faster(c, c.stored())
			c.fail = test.err
			controller := New(cluster.New(c.Client, c.Client, c.recorder), false)
			if _, err := controller.Reconcile(context.Background(), seen); err != nil || len(c.recorder.Events) > 0 {
				t.Errorf("got %v, %d Events", err, len(c.recorder.Events))
			}
		})
	}
}

// TestAnAnswerOfAnotherWebhookIsNotTakenForSomebodyFaster: controller-runtime passes on the status of a Get that failed in a validator.
func TestAnAnswerOfAnotherWebhookIsNotTakenForSomebodyFaster(t *testing.T) {
	configMaps := schema.GroupResource{Resource: "configmaps"}
	for name, err := range map[string]error{
		"conflict":  apierrors.NewConflict(configMaps, "rules", errors.New("changed")),
		"not found": apierrors.NewNotFound(configMaps, "rules"),
	} {
		t.Run(name, func(t *testing.T) {
			c := newServer(t, Asking(Green), Ready("nginx-1.11"))
			c.fail = err
			said, got := c.reconcile()
			if !errors.Is(got, err) {
				t.Errorf("got %v", got)
			}
			if len(said) != 1 || !strings.HasPrefix(said[0], "Warning WriteFailed ") || !strings.Contains(said[0], `configmaps "rules"`) {
				t.Errorf("said %q", said)
			}
		})
	}
}

// TestAStaleCacheNotesNothing: the Deployment was relabelled since.
func TestAStaleCacheNotesNothing(t *testing.T) {
	slot := Ready("nginx")
	slot.Spec.Template.Labels["version"] = Blue
	slot.Spec.Selector.MatchLabels = map[string]string{"name": "nginx"}
	c := newServer(t, OnVersion(Blue), slot)
	c.cached = c.known()
	relabelled := Current(t, c.Client, slot)
	relabelled.Spec.Template.Labels["version"] = Green
	if err := c.Client.Patch(context.Background(), relabelled, client.MergeFrom(slot)); err != nil {
		t.Fatal(err)
	}
	seen := Builder(t, cluster.AddIndexes).WithObjects(c.cached...).Build()
	controller := New(cluster.New(CachedReader{Client: c.Client, Cache: seen}, c.Client, c.recorder), true)
	if _, err := controller.Reconcile(context.Background(), c.observed()); err != nil {
		t.Error(err)
	}
	if after := Current(t, c.Client, slot); bluegreen.Protected(after) || after.Annotations[bluegreen.Serves] != "" {
		t.Errorf("noted %v, %v", after.Finalizers, after.Annotations)
	}
}

func TestAnAskThatChangedSinceItWasSeenIsNotCarriedOut(t *testing.T) {
	c := newServer(t, Asking(Green), Ready("nginx-1.11"))
	seen := c.observed()
	withdrawn := c.stored()
	withdrawn.Annotations[bluegreen.TargetVersion] = Blue
	c.rewrite(withdrawn)
	controller := New(cluster.New(c.Client, c.Client, c.recorder), false)
	if _, err := controller.Reconcile(context.Background(), seen); err != nil {
		t.Error(err)
	}
	if service := c.stored(); service.Spec.Selector["version"] != Blue || len(c.recorder.Events) > 0 {
		t.Errorf("traffic is on %v, %d Events", service.Spec.Selector, len(c.recorder.Events))
	}
	if len(c.patches) != 1 {
		t.Errorf("%d patches", len(c.patches))
	}
}

func TestARefusedWriteIsAnErrorAndAWarningAndNoSwitchIsTold(t *testing.T) {
	c := newServer(t, Asking(Green), Ready("nginx-1.11"))
	c.fail = apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "nginx", errors.New("no 100% sure reason"))
	said, err := c.reconcile()
	if !errors.Is(err, c.fail) {
		t.Errorf("got %v", err)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "Warning WriteFailed ") || !strings.Contains(said[0], "no 100% sure reason") {
		t.Errorf("said %q", said)
	}
}
