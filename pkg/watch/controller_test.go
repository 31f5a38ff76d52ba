package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

const (
	blue  = "1.10"
	green = "1.11"
)

// expect reconciles once and compares where traffic is, what is said and how many patches were sent.
func (c *cluster) expect(version, phase string, patches int, said ...string) {
	c.t.Helper()
	before := len(c.patches)
	got, err := c.reconcile()
	if err != nil {
		c.t.Fatal(err)
	}
	service := c.stored()
	if service.Spec.Selector["version"] != version || service.Annotations[bluegreen.PhaseKey] != phase {
		c.t.Errorf("traffic is on %v, phase %q", service.Spec.Selector, service.Annotations[bluegreen.PhaseKey])
	}
	if !slices.Equal(got, said) {
		c.t.Errorf("said %q, want %q", got, said)
	}
	if len(c.patches)-before != patches {
		c.t.Errorf("%d patches, want %d: %s", len(c.patches)-before, patches, c.patches[before:])
	}
}

func TestASwitchIsOnePatchOfSelectorAndPhaseWithTheResourceVersion(t *testing.T) {
	c := newCluster(t, asking(green), ready("nginx-1.11"))
	before := c.stored()
	c.expect(green, "Stable", 1, "Normal Switched Traffic moved from version 1.10 to version 1.11")
	want := fmt.Sprintf(`{"metadata":{"annotations":{"bluegreen/phase":"Stable"},"resourceVersion":"%s"},"spec":{"selector":{"version":"1.11"}}}`, before.ResourceVersion)
	if c.patches[0] != want {
		t.Errorf("got %s", c.patches[0])
	}
	c.expect(green, "Stable", 0)

	after := c.stored()
	after.Spec.Selector, after.ResourceVersion = before.Spec.Selector, before.ResourceVersion
	delete(after.Annotations, bluegreen.PhaseKey)
	if !reflect.DeepEqual(after, before) {
		t.Errorf("more than selector and phase changed:\n got %v\nwant %v", after, before)
	}
}

func TestAHeldSwitchIsSaidOnceAndThenNothingIsWritten(t *testing.T) {
	c := newCluster(t, asking(green), starting("nginx-1.11"))
	c.expect(blue, "Waiting", 1, "Normal NotAvailable Deployment nginx-1.11: waiting for MinimumReplicasAvailable")
	c.expect(blue, "Waiting", 0)
}

func TestSeveralHeldDeploymentsDoNotMakeTheMessageFlap(t *testing.T) {
	c := newCluster(t, asking(green), starting("c"), starting("a"), starting("b"))
	c.expect(blue, "Waiting", 1, "Normal NotAvailable Deployment a: waiting for MinimumReplicasAvailable")
	for range 10 {
		c.expect(blue, "Waiting", 0)
	}
}

func TestDeploymentsOfOtherNamespacesDoNotCount(t *testing.T) {
	elsewhere := ready("nginx-1.11")
	elsewhere.Namespace = "other"
	c := newCluster(t, asking(green), elsewhere)
	c.expect(blue, "Waiting", 1, "Normal DeploymentNotFound No Deployment has pods labelled name=nginx,version=1.11: "+
		"create it, or set bluegreen/target-version to a version that runs")
}

func TestALiveReadThatDisagreesWithTheCacheHoldsTheSwitch(t *testing.T) {
	relabelled := ready("nginx-1.11")
	relabelled.Spec.Template.Labels = map[string]string{"name": "nginx", "version": "1.12"}
	scaledDown := ready("nginx-1.11")
	*scaledDown.Spec.Replicas = 0
	newer := ready("nginx-1.11")
	newer.Generation = 2
	deleting := ready("nginx-1.11")
	deleting.Finalizers = []string{"example.org/slow"}

	for name, test := range map[string]struct {
		live   *appsv1.Deployment
		reason string
	}{
		"not available any more": {starting("nginx-1.11"), "NotAvailable"},
		"relabelled":             {relabelled, "DeploymentNotFound"},
		"scaled to zero":         {scaledDown, "ScaledToZero"},
		"edited":                 {newer, "NotAvailable"},
		"gone":                   {nil, "DeploymentNotFound"},
		"being deleted":          {deleting, "DeploymentDeleting"},
	} {
		t.Run(name, func(t *testing.T) {
			stored := []client.Object{asking(green)}
			if test.live != nil {
				stored = append(stored, test.live)
			}
			c := newCluster(t, stored...)
			if test.live == deleting {
				if err := c.Delete(context.Background(), test.live); err != nil {
					t.Fatal(err)
				}
			}
			c.cached = []client.Object{ready("nginx-1.11")}
			said, err := c.reconcile()
			if err != nil {
				t.Fatal(err)
			}
			if service := c.stored(); service.Spec.Selector["version"] != blue || service.Annotations[bluegreen.PhaseKey] != "Waiting" {
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
	service := asking(green)
	service.Spec.Selector = map[string]string{"name": "nginx"}
	service.Annotations[bluegreen.Ready] = string(bluegreen.MatchLive)
	leaving := ready("nginx-1.10")
	leaving.Spec.Template.Labels = map[string]string{"name": "nginx", "version": blue}
	fewer := ready("nginx-1.11")
	fewer.Status.AvailableReplicas = 2
	c := newCluster(t, service, leaving, fewer)
	c.cached = []client.Object{leaving, ready("nginx-1.11")}
	said, err := c.reconcile()
	if err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "Normal FewerThanLive ") {
		t.Errorf("said %q", said)
	}
}

func TestAFailingLiveReadIsAnErrorAndMovesNothing(t *testing.T) {
	c := newCluster(t, asking(green), ready("nginx-1.11"))
	failing := errors.New("no route")
	controller := &Controller{client: c.Client, live: failingReader{c.Client, failing}, recorder: c.recorder, letting: NewLetting()}
	if _, err := controller.Reconcile(context.Background(), c.observed()); !errors.Is(err, failing) || !strings.Contains(err.Error(), "nginx-1.11") {
		t.Errorf("got %v", err)
	}
	if len(c.patches) > 0 || len(c.recorder.Events) > 0 {
		t.Errorf("%d patches, %d Events", len(c.patches), len(c.recorder.Events))
	}
}

type failingReader struct {
	client.Reader
	err error
}

func (f failingReader) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return f.err
}

func TestSomebodyFasterIsNoErrorAndNoEvent(t *testing.T) {
	services := schema.GroupResource{Resource: "services"}
	for name, test := range map[string]struct {
		err    error
		faster func(*cluster, *corev1.Service)
	}{
		"conflict": {apierrors.NewConflict(services, "nginx", errors.New("changed")), func(c *cluster, service *corev1.Service) {
			if err := c.Client.Patch(context.Background(), service, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"app":"other"}}}`))); err != nil {
				t.Fatal(err)
			}
		}},
		"created anew": {apierrors.NewConflict(services, "nginx", errors.New("precondition")), func(c *cluster, service *corev1.Service) {
			service.UID = "9"
			c.rewrite(service)
		}},
		"gone": {apierrors.NewNotFound(services, "nginx"), func(c *cluster, service *corev1.Service) {
			if err := c.Delete(context.Background(), service); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, asking(green), ready("nginx-1.11"))
			seen := c.observed()
			test.faster(c, c.stored())
			c.fail = test.err
			controller := &Controller{client: c.Client, live: c.Client, recorder: c.recorder, letting: NewLetting()}
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
			c := newCluster(t, asking(green), ready("nginx-1.11"))
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

// TestATargetThatWaitsLosesTheNoteOfACopiedManifest: the finalizer would make it count.
func TestATargetThatWaitsLosesTheNoteOfACopiedManifest(t *testing.T) {
	copied := starting("nginx-1.11")
	copied.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.10"}
	stored := newBuilder().WithObjects(asking(green), copied).Build()
	controller := &Controller{client: stored, live: stored, letting: NewLetting(), recorder: events.NewFakeRecorder(10), protect: true}
	service := &corev1.Service{}
	if err := stored.Get(t.Context(), client.ObjectKeyFromObject(asking(green)), service); err != nil {
		t.Fatal(err)
	}
	if _, err := controller.Reconcile(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	if after := current(t, stored, copied); !bluegreen.Protected(after) || after.Annotations[bluegreen.Serves] != "" {
		t.Errorf("got %v, %v", after.Finalizers, after.Annotations)
	}
}

// TestAStaleCacheNotesNothing: the Deployment was relabelled since.
func TestAStaleCacheNotesNothing(t *testing.T) {
	slot := ready("nginx")
	slot.Spec.Template.Labels["version"] = blue
	slot.Spec.Selector.MatchLabels = map[string]string{"name": "nginx"}
	c := newCluster(t, onVersion(blue), slot)
	c.cached = c.known()
	relabelled := current(t, c.Client, slot)
	relabelled.Spec.Template.Labels["version"] = green
	if err := c.Client.Patch(context.Background(), relabelled, client.MergeFrom(slot)); err != nil {
		t.Fatal(err)
	}
	seen := newBuilder().WithObjects(c.cached...).Build()
	controller := &Controller{client: cachedReader{c.Client, seen}, live: c.Client, letting: NewLetting(), recorder: c.recorder, protect: true}
	if _, err := controller.Reconcile(context.Background(), c.observed()); err != nil {
		t.Error(err)
	}
	if after := current(t, c.Client, slot); bluegreen.Protected(after) || after.Annotations[bluegreen.Serves] != "" {
		t.Errorf("noted %v, %v", after.Finalizers, after.Annotations)
	}
}

func TestAFailedItemNeverWaitsLong(t *testing.T) {
	limiter := retries()
	for i := range 40 {
		if wait := limiter.When(reconcile.Request{}); wait > 15*time.Second {
			t.Fatalf("waits %s after %d failures", wait, i+1)
		}
	}
}

func TestAnAskThatChangedSinceItWasSeenIsNotCarriedOut(t *testing.T) {
	c := newCluster(t, asking(green), ready("nginx-1.11"))
	seen := c.observed()
	withdrawn := c.stored()
	withdrawn.Annotations[bluegreen.TargetVersion] = blue
	c.rewrite(withdrawn)
	controller := &Controller{client: c.Client, live: c.Client, recorder: c.recorder, letting: NewLetting()}
	if _, err := controller.Reconcile(context.Background(), seen); err != nil {
		t.Error(err)
	}
	if service := c.stored(); service.Spec.Selector["version"] != blue || len(c.recorder.Events) > 0 {
		t.Errorf("traffic is on %v, %d Events", service.Spec.Selector, len(c.recorder.Events))
	}
	if len(c.patches) != 1 {
		t.Errorf("%d patches", len(c.patches))
	}
}

// rewrite stores a Service as somebody else does, past the count of writes.
func (c *cluster) rewrite(service client.Object) {
	c.t.Helper()
	if err := c.Delete(context.Background(), c.stored()); err != nil {
		c.t.Fatal(err)
	}
	service.SetResourceVersion("")
	if err := c.Create(context.Background(), service); err != nil {
		c.t.Fatal(err)
	}
}

func TestARefusedWriteIsAnErrorAndAWarningAndNoSwitchIsTold(t *testing.T) {
	c := newCluster(t, asking(green), ready("nginx-1.11"))
	c.fail = apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "nginx", errors.New("no 100% sure reason"))
	said, err := c.reconcile()
	if !errors.Is(err, c.fail) {
		t.Errorf("got %v", err)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "Warning WriteFailed ") || !strings.Contains(said[0], "no 100% sure reason") {
		t.Errorf("said %q", said)
	}
}

func TestABadValueThatTheWebhookNeverSawIsSaidAndMovesNothing(t *testing.T) {
	c := newCluster(t, asking("not a label!"), ready("nginx-1.11"))
	said, err := c.reconcile()
	if err != nil || len(said) != 1 || !strings.HasPrefix(said[0], `Warning Invalid metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!"`) {
		t.Errorf("said %q, %v", said, err)
	}
	c.expect(blue, "Waiting", 0)
}

func TestAReleaseThatTheWebhookNeverSawTakesOurAnnotationsAndNobodyElses(t *testing.T) {
	for name, others := range map[string]map[string]string{
		"with others' annotations": {"example.org/load-balancer": "internal"},
		"with none":                nil,
	} {
		t.Run(name, func(t *testing.T) {
			service := nginx(nil)
			service.Annotations = map[string]string{bluegreen.PhaseKey: "Waiting", bluegreen.MessageKey: "not yet"}
			maps.Copy(service.Annotations, others)
			c := newCluster(t, service)
			c.expect(blue, "", 1)
			if got := c.stored().Annotations; !maps.Equal(got, others) {
				t.Errorf("got %v, want %v", got, others)
			}
			c.expect(blue, "", 0)
		})
	}
}

func TestServicesAtRestAndUnmanagedOnesAreNotWritten(t *testing.T) {
	atRest := asking(blue)
	atRest.Annotations[bluegreen.PhaseKey] = "Stable"
	newCluster(t, atRest, ready("nginx-1.11")).expect(blue, "Stable", 0)
	newCluster(t, nginx(nil), ready("nginx-1.11")).expect(blue, "", 0)
}

func TestAnEventOfADeploymentReachesExactlyTheServicesThatWaitForIt(t *testing.T) {
	other := asking("1.12")
	other.Name = "other-version"
	elsewhere := asking(green)
	elsewhere.Namespace = "other"
	atRest := asking(blue)
	atRest.Name = "at-rest"
	own := asking("nginx")
	own.Name = "own-label"
	own.Annotations[bluegreen.VersionLabel] = "name"
	own.Spec.Selector = map[string]string{"version": green}
	c := newCluster(t, asking(green), other, elsewhere, atRest, own)
	controller := &Controller{client: c.Client}

	var got []string
	for _, request := range controller.services(context.Background(), ready("nginx-1.11")) {
		got = append(got, request.String())
	}
	slices.Sort(got)
	if want := []string{"shop/nginx", "shop/own-label"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	unlabelled := ready("nginx-1.11")
	unlabelled.Spec.Template.Labels = nil
	if got := controller.services(context.Background(), unlabelled); !slices.Equal(got, []reconcile.Request(nil)) {
		t.Errorf("got %v", got)
	}
}
