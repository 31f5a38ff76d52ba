package watch

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/keymutex"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// serving is a ready Deployment of a version, with the finalizer and one of somebody else's.
func serving(version string) *appsv1.Deployment {
	built := ready("nginx-" + version)
	built.Spec.Template.Labels["version"] = version
	built.Spec.Selector.MatchLabels["version"] = version
	built.Finalizers = []string{"example.org/theirs", bluegreen.InUseProtection}
	return built
}

// onVersion is the Service with its traffic on a version, asked for.
func onVersion(version string) *corev1.Service {
	built := asking(version)
	built.Spec.Selector["version"] = version
	return built
}

// drained is a Protection that has seen traffic leave the Deployments long ago.
func drained(c client.Client, live client.Reader, recorder events.EventRecorder, enabled bool) *Protection {
	return &Protection{client: c, live: live, recorder: recorder, letting: NewLetting(), listing: keymutex.NewHashed(0), enabled: enabled, drain: time.Minute,
		drains: drains{left: map[types.UID]map[string]time.Time{"2": {"nginx": time.Now().Add(-time.Hour)}}}}
}

func TestTheFinalizerGoesOnlyWhenTheAPIServerItselfKnowsOfNoUse(t *testing.T) {
	for name, test := range map[string]struct {
		cached, stored []client.Object
		enabled        bool
		kept, again    bool
	}{
		"in use":                                 {[]client.Object{onVersion(blue)}, []client.Object{onVersion(blue)}, true, true, false},
		"left":                                   {[]client.Object{onVersion(green)}, []client.Object{onVersion(green)}, true, false, false},
		"left, and the cache is behind":          {[]client.Object{onVersion(blue)}, []client.Object{onVersion(green)}, true, true, false},
		"come back, and the cache does not know": {[]client.Object{onVersion(green)}, []client.Object{onVersion(blue)}, true, true, true},
		"asked for again, and the cache does not know": {[]client.Object{onVersion(green)}, []client.Object{func() client.Object {
			s := onVersion(green)
			s.Annotations[bluegreen.TargetVersion] = blue
			return s
		}()}, true, true, true},
		"no Service":   {nil, nil, true, false, false},
		"switched off": {[]client.Object{onVersion(blue)}, []client.Object{onVersion(blue)}, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := serving(blue)
			stored := newBuilder().WithObjects(deployment.DeepCopy()).WithObjects(test.stored...).Build()
			cached := newBuilder().WithObjects(deployment.DeepCopy()).WithObjects(test.cached...).Build()
			protection := drained(cachedReader{stored, cached}, stored, events.NewFakeRecorder(10), test.enabled)
			result, err := protection.Reconcile(context.Background(), current(t, stored, deployment))
			if err != nil {
				t.Fatal(err)
			}
			if again := result.RequeueAfter > 0; again != test.again {
				t.Errorf("looked at again later: %t, want %t", again, test.again)
			}
			want := []string{"example.org/theirs"}
			if test.kept {
				want = append(want, bluegreen.InUseProtection)
			}
			if got := current(t, stored, deployment).Finalizers; !slices.Equal(got, want) {
				t.Errorf("finalizers %q, want %q", got, want)
			}
		})
	}
}

func TestAHeldScaleDownIsDoneOrForgottenByWhatTheAPIServerKnows(t *testing.T) {
	pending := onVersion(blue)
	pending.Annotations[bluegreen.TargetVersion] = green
	released := nginx(nil)
	released.Spec.Selector["version"] = blue
	const stays = "Normal ScaleDownForgotten keeps its replicas (3), and the scale-down to 0 that was held is forgotten: " +
		"Service nginx stays on the Deployment; scale it to 0 again if that is still meant"
	for name, test := range map[string]struct {
		cached, stored *corev1.Service
		replicas       int32
		noted          bool
		event          string
	}{
		"pending":                            {pending, pending, 3, true, ""},
		"moved away":                         {onVersion(green), onVersion(green), 0, false, "Normal ScaleDownDone scaled to 0, as was asked for before its traffic moved"},
		"moved away, and the cache is ahead": {onVersion(green), pending, 3, true, ""},
		"released, which the cache hides":    {nginx(nil), released, 3, false, stays},
		"withdrawn":                          {onVersion(blue), onVersion(blue), 3, false, stays},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := serving(blue)
			deployment.Spec.Replicas = ptr.To[int32](3)
			deployment.Annotations = map[string]string{"example.org/theirs": "a", bluegreen.ScaleToZeroAfter: "nginx/2/3"}
			stored := newBuilder().WithObjects(deployment.DeepCopy(), test.stored.DeepCopy()).Build()
			cached := newBuilder().WithObjects(deployment.DeepCopy(), test.cached.DeepCopy()).Build()
			recorder := events.NewFakeRecorder(10)
			protection := drained(cachedReader{stored, cached}, stored, recorder, true)
			for range 3 { // Each write comes back through the watch.
				seen := current(t, stored, deployment)
				if _, err := protection.Reconcile(context.Background(), seen); err != nil {
					t.Fatal(err)
				}
				countGeneration(t, stored, seen)
			}
			after := current(t, stored, deployment)
			want := map[string]string{"example.org/theirs": "a"}
			if test.noted {
				want[bluegreen.ScaleToZeroAfter] = "nginx/2/3"
			}
			if *after.Spec.Replicas != test.replicas || !maps.Equal(after.Annotations, want) {
				t.Errorf("%d replicas, %v; want %d, %v", *after.Spec.Replicas, after.Annotations, test.replicas, want)
			}
			close(recorder.Events)
			if event := <-recorder.Events; event != test.event {
				t.Errorf("Event %q, want %q", event, test.event)
			}
		})
	}
}

func TestAHeldScaleDownDoesNotKeepWhatNobodyProtectsAnyMore(t *testing.T) {
	pending := onVersion(blue)
	pending.Annotations[bluegreen.TargetVersion] = green
	pending.Annotations[bluegreen.InUseProtection] = "disabled"
	deployment := serving(blue)
	deployment.Annotations = map[string]string{bluegreen.ScaleToZeroAfter: "nginx/2/3"}
	stored := newBuilder().WithObjects(deployment, pending).Build()
	protection := drained(stored, stored, events.NewFakeRecorder(10), true)
	for range 2 {
		if _, err := protection.Reconcile(context.Background(), current(t, stored, deployment)); err != nil {
			t.Fatal(err)
		}
	}
	after := current(t, stored, deployment)
	if bluegreen.Protected(after) || *after.Spec.Replicas != 3 || after.Annotations[bluegreen.ScaleToZeroAfter] != "nginx/2/3" {
		t.Errorf("finalizers %q, %d replicas, %v", after.Finalizers, *after.Spec.Replicas, after.Annotations)
	}
}

// TestADeploymentThatChangedSinceItWasSeenIsNotScaledToZero: it may be of the version that serves by now.
func TestADeploymentThatChangedSinceItWasSeenIsNotScaledToZero(t *testing.T) {
	for name, test := range map[string]struct {
		replicas int32
		note     string
	}{
		"bound":     {3, "nginx/2/3"},
		"scaled":    {3, "nginx/2/3/2"},
		"forgotten": {0, "nginx/2/3/1"},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := serving(blue)
			deployment.Spec.Replicas = &test.replicas
			deployment.Annotations = map[string]string{bluegreen.ScaleToZeroAfter: test.note}
			stored := newBuilder().WithObjects(deployment, onVersion(green)).Build()
			seen := current(t, stored, deployment)
			changed := seen.DeepCopy()
			changed.Spec.Template.Labels["version"] = green
			if err := stored.Update(context.Background(), changed); err != nil {
				t.Fatal(err)
			}
			protection := drained(stored, stored, events.NewFakeRecorder(10), true)
			if _, err := protection.Reconcile(context.Background(), seen); err != nil {
				t.Fatal(err)
			}
			after := current(t, stored, deployment)
			if *after.Spec.Replicas != test.replicas || after.Annotations[bluegreen.ScaleToZeroAfter] != test.note {
				t.Errorf("%d replicas, %v", *after.Spec.Replicas, after.Annotations)
			}
		})
	}
}

// TestPodsThatAnOlderTemplateMadeKeepADeployment: its ReplicaSets say whether there are any. Pods of others may carry the same labels.
func TestPodsThatAnOlderTemplateMadeKeepADeployment(t *testing.T) {
	for name, test := range map[string]struct {
		owner types.UID
		pods  int32
		kept  bool
	}{
		"its own":    {"2", 1, true},
		"ended":      {"2", 0, false},
		"of another": {"9", 1, false},
	} {
		deployment := serving("1.12")
		deployment.Spec.Selector.MatchLabels = map[string]string{"name": "nginx"}
		set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: deployment.Namespace, Name: "old",
			Labels:          map[string]string{"name": "nginx", "version": green},
			OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "owner", UID: test.owner, Controller: ptr.To(true)}}},
			Status: appsv1.ReplicaSetStatus{Replicas: test.pods}}
		stored := newBuilder().WithObjects(deployment, onVersion(green), set).Build()
		for _, enabled := range []bool{true, false} {
			if _, err := drained(stored, stored, events.NewFakeRecorder(10), enabled).Reconcile(context.Background(), current(t, stored, deployment)); err != nil {
				t.Fatal(err)
			}
			if got := bluegreen.Protected(current(t, stored, deployment)); got != (test.kept && enabled) {
				t.Errorf("%s: kept is %t", name, got)
			}
		}
	}
}

// heldSlot is a slot with pods of 1.10 whose rollout to 1.12 bluegreen has paused.
func heldSlot() *appsv1.Deployment {
	slot := serving(blue)
	slot.Spec.Selector.MatchLabels = map[string]string{"name": "nginx", "slot": "blue"}
	slot.Spec.Template.Labels = map[string]string{"name": "nginx", "slot": "blue", "version": "1.12"}
	slot.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.10", bluegreen.ResumeAfter: "2/3/3"}
	slot.Spec.Paused = true
	return slot
}

// fresh is a Protection that has just started.
func fresh(c client.Client) *Protection {
	p := drained(c, c, events.NewFakeRecorder(10), true)
	p.drains.left = nil
	return p
}

// TestARestartDoesNotShortenADrain: traffic left a moment ago, and the slot is asked for again by its new labels.
func TestARestartDoesNotShortenADrain(t *testing.T) {
	asked := onVersion(green)
	asked.Annotations[bluegreen.TargetVersion] = "1.12"
	stored := newBuilder().WithObjects(heldSlot(), asked).Build()
	result, err := fresh(stored).Reconcile(t.Context(), current(t, stored, heldSlot()))
	if err != nil || result.RequeueAfter < 59*time.Second || !current(t, stored, heldSlot()).Spec.Paused {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestPodsThatTrafficHasLeftDrainWhateverTheTemplateSays: traffic has moved to the version that the template names, in another Deployment.
func TestPodsThatTrafficHasLeftDrainWhateverTheTemplateSays(t *testing.T) {
	before, after := onVersion(blue), onVersion("1.12")
	before.Annotations[bluegreen.TargetVersion] = "1.12"
	stored := newBuilder().WithObjects(heldSlot(), after).Build()
	p := fresh(stored)
	p.noteDrain(current(t, stored, heldSlot()), before, after)
	if result, err := p.Reconcile(t.Context(), current(t, stored, heldSlot())); err != nil || result.RequeueAfter < 59*time.Second {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestTrafficThatCameBackAndLeftAgainLeavesADrain, even if the Deployment's event is handled before the Service's.
func TestTrafficThatCameBackAndLeftAgainLeavesADrain(t *testing.T) {
	old := serving(blue)
	old.DeletionTimestamp = ptr.To(metav1.Now())
	old.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.10"}
	stored := newBuilder().WithObjects(old, onVersion("1.12")).Build()
	p := fresh(stored)
	p.noteDrain(old, onVersion(blue), onVersion(green))
	p.noteDrain(old, onVersion(green), onVersion(blue))
	if result, err := p.Reconcile(t.Context(), current(t, stored, old)); err != nil || result.RequeueAfter < 59*time.Second {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestOtherSlotsAreWaitedForAnewEachTime: the wait of an earlier hold, which was put right, is over.
func TestOtherSlotsAreWaitedForAnewEachTime(t *testing.T) {
	right := heldSlot()
	right.Spec.Template.Labels["version"], right.Spec.Paused = blue, false
	delete(right.Annotations, bluegreen.ResumeAfter)
	stored := newBuilder().WithObjects(right, onVersion(blue)).Build()
	p := fresh(stored)
	p.drains.leave(right, slotsSettle)
	if _, err := p.Reconcile(t.Context(), current(t, stored, right)); err != nil {
		t.Fatal(err)
	}
	if since, known := p.drains.since(right); known {
		t.Errorf("remembered: %v", since)
	}
}

// TestADrainThatEndedBeforeIsNotTheNextOnes: the event of the Service met an older note.
func TestADrainThatEndedBeforeIsNotTheNextOnes(t *testing.T) {
	now := serving(green)
	now.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.11"}
	stored := newBuilder().WithObjects(now, onVersion(green)).Build()
	p := drained(stored, stored, events.NewFakeRecorder(10), true) // It left an hour ago.
	if _, err := p.Reconcile(t.Context(), current(t, stored, now)); err != nil {
		t.Fatal(err)
	}
	if since, left := p.drains.since(now); left {
		t.Errorf("it serves, and has been left %v", since)
	}
}

// TestAWriteThatAnotherWebhookRefusesIsSaidAndTriedAgain: nothing else would wake the Deployment.
func TestAWriteThatAnotherWebhookRefusesIsSaidAndTriedAgain(t *testing.T) {
	deployment := serving(blue)
	refused := apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, "rules")
	stored := newBuilder().WithObjects(deployment, onVersion(green)).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return refused
		},
	}).Build()
	recorder := events.NewFakeRecorder(10)
	if _, err := drained(stored, stored, recorder, true).Reconcile(context.Background(), current(t, stored, deployment)); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	select {
	case said := <-recorder.Events:
		if !strings.HasPrefix(said, "Warning WriteFailed ") || !strings.Contains(said, `configmaps "rules"`) {
			t.Errorf("said %q", said)
		}
	default:
		t.Error("no Event")
	}
}

// countGeneration does what the API server does when the annotations or the spec of a Deployment have changed.
func countGeneration(t *testing.T, c client.Client, before *appsv1.Deployment) {
	t.Helper()
	after := current(t, c, before)
	if reflect.DeepEqual(before.Annotations, after.Annotations) && reflect.DeepEqual(before.Spec, after.Spec) {
		return
	}
	after.Generation = before.Generation + 1
	if err := c.Update(context.Background(), after); err != nil {
		t.Fatal(err)
	}
}

func current(t *testing.T, c client.Client, deployment *appsv1.Deployment) *appsv1.Deployment {
	t.Helper()
	found := &appsv1.Deployment{}
	if err := c.Get(context.Background(), client.ObjectKeyFromObject(deployment), found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWhatAServiceLeavesIsLetGoLaterAndWhatSomebodyWaitsForAtOnce(t *testing.T) {
	left, taken, others, leaving, down := serving("1.08"), serving(green), serving("1.07"), serving("1.09"), serving(blue)
	leaving.DeletionTimestamp = ptr.To(metav1.Now())
	down.Annotations = map[string]string{bluegreen.ScaleToZeroAfter: "nginx/2/3"}
	protection := &Protection{client: newBuilder().WithObjects(left, taken, others, leaving, down).Build()}
	handlers := protection.services()
	for name, test := range map[string]struct {
		change func(queue)
		later  []string
	}{
		"created": {func(q queue) { handlers.Create(t.Context(), event.CreateEvent{Object: onVersion(green)}, q) }, nil},
		"switched": {func(q queue) {
			handlers.Update(t.Context(), event.UpdateEvent{ObjectOld: onVersion("1.08"), ObjectNew: onVersion(green)}, q)
		}, []string{"nginx-1.08"}},
		"changed otherwise": {func(q queue) {
			handlers.Update(t.Context(), event.UpdateEvent{ObjectOld: onVersion(green), ObjectNew: onVersion(green)}, q)
		}, nil},
		"deleted": {func(q queue) { handlers.Delete(t.Context(), event.DeleteEvent{Object: onVersion("1.08")}, q) }, []string{"nginx-1.08"}},
	} {
		t.Run(name, func(t *testing.T) {
			recorded := &recordingQueue{now: sets.New[string](), later: sets.New[string]()}
			test.change(recorded)
			if want := sets.New("nginx-1.09", "nginx-1.10"); !recorded.now.Equal(want) {
				t.Errorf("at once: %v, want %v", recorded.now, want)
			}
			if want := sets.New(test.later...); !recorded.later.Equal(want) {
				t.Errorf("later: %v, want %v", recorded.later, want)
			}
		})
	}
}

// recordingQueue records what is added to it.
type recordingQueue struct {
	queue
	now, later sets.Set[string]
}

func (q *recordingQueue) Add(request reconcile.Request) { q.now.Insert(request.Name) }

func (q *recordingQueue) AddAfter(request reconcile.Request, _ time.Duration) {
	q.later.Insert(request.Name)
}
