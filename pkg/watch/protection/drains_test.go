package protection

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// TestARestartDoesNotShortenADrain: traffic left a moment ago, and the slot is asked for again by its new labels.
func TestARestartDoesNotShortenADrain(t *testing.T) {
	asked := OnVersion(Green)
	asked.Annotations[bluegreen.TargetVersion] = "1.12"
	stored := Builder(t, cluster.AddIndexes).WithObjects(HeldSlot(), asked).Build()
	result, err := fresh(stored).Reconcile(t.Context(), Current(t, stored, HeldSlot()))
	if err != nil || result.RequeueAfter < 59*time.Second || !Current(t, stored, HeldSlot()).Spec.Paused {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestPodsThatTrafficHasLeftDrainWhateverTheTemplateSays: traffic has moved to the version that the template names, in another Deployment.
func TestPodsThatTrafficHasLeftDrainWhateverTheTemplateSays(t *testing.T) {
	before, after := OnVersion(Blue), OnVersion("1.12")
	before.Annotations[bluegreen.TargetVersion] = "1.12"
	stored := Builder(t, cluster.AddIndexes).WithObjects(HeldSlot(), after).Build()
	p := fresh(stored)
	left(p, Current(t, stored, HeldSlot()), before, after)
	if result, err := p.Reconcile(t.Context(), Current(t, stored, HeldSlot())); err != nil || result.RequeueAfter < 59*time.Second {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestTrafficThatCameBackAndLeftAgainLeavesADrain, even if the Deployment's event is handled before the Service's.
func TestTrafficThatCameBackAndLeftAgainLeavesADrain(t *testing.T) {
	old := Serving(Blue)
	old.DeletionTimestamp = new(metav1.Now())
	old.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.10"}
	stored := Builder(t, cluster.AddIndexes).WithObjects(old, OnVersion("1.12")).Build()
	p := fresh(stored)
	left(p, old, OnVersion(Blue), OnVersion(Green))
	left(p, old, OnVersion(Green), OnVersion(Blue))
	if result, err := p.Reconcile(t.Context(), Current(t, stored, old)); err != nil || result.RequeueAfter < 59*time.Second {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestOtherSlotsAreWaitedForAnewEachTime: the wait of an earlier hold, which was put right, is over.
func TestOtherSlotsAreWaitedForAnewEachTime(t *testing.T) {
	right := HeldSlot()
	right.Spec.Template.Labels["version"], right.Spec.Paused = Blue, false
	delete(right.Annotations, bluegreen.ResumeAfter)
	stored := Builder(t, cluster.AddIndexes).WithObjects(right, OnVersion(Blue)).Build()
	p := fresh(stored)
	p.drains.leave(right, otherSlots)
	p.deploymentChanged(t.Context(), HeldSlot(), right, &recordingQueue{now: sets.New[string](), later: sets.New[string]()})
	if since, known := p.drains.since(right); known {
		t.Errorf("remembered: %v", since)
	}
}

// TestADrainThatEndedBeforeIsNotTheNextOnes: the event of the Service met an older note.
func TestADrainThatEndedBeforeIsNotTheNextOnes(t *testing.T) {
	now := Serving(Green)
	now.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.11"}
	stored := Builder(t, cluster.AddIndexes).WithObjects(now, OnVersion(Green)).Build()
	p := drained(stored, stored, events.NewFakeRecorder(10), true) // It left an hour ago.
	if _, err := p.Reconcile(t.Context(), Current(t, stored, now)); err != nil {
		t.Fatal(err)
	}
	if since, left := p.drains.since(now); left {
		t.Errorf("it serves, and has been left %v", since)
	}
}

func TestWhatAServiceLeavesIsLetGoLaterAndWhatSomebodyWaitsForAtOnce(t *testing.T) {
	left, taken, others, leaving, down := Serving("1.08"), Serving(Green), Serving("1.07"), Serving("1.09"), Serving(Blue)
	leaving.DeletionTimestamp = new(metav1.Now())
	down.Annotations = map[string]string{bluegreen.ScaleToZeroAfter: "nginx/2/3"}
	stored := Builder(t, cluster.AddIndexes).WithObjects(left, taken, others, leaving, down).Build()
	controller := New(cluster.New(stored, stored, events.NewFakeRecorder(10)), true, time.Minute)
	handlers := cluster.HandleChanges[*corev1.Service](controller.serviceChanged)
	for name, test := range map[string]struct {
		change func(cluster.Queue)
		later  []string
	}{
		"created": {change: func(q cluster.Queue) { handlers.Create(t.Context(), event.CreateEvent{Object: OnVersion(Green)}, q) },
			later: nil,
		},
		"switched": {change: func(q cluster.Queue) {
			handlers.Update(t.Context(), event.UpdateEvent{ObjectOld: OnVersion("1.08"), ObjectNew: OnVersion(Green)}, q)
		}, later: []string{"nginx-1.08"}},
		"changed otherwise": {change: func(q cluster.Queue) {
			handlers.Update(t.Context(), event.UpdateEvent{ObjectOld: OnVersion(Green), ObjectNew: OnVersion(Green)}, q)
		}, later: nil},
		"deleted": {change: func(q cluster.Queue) { handlers.Delete(t.Context(), event.DeleteEvent{Object: OnVersion("1.08")}, q) },
			later: []string{"nginx-1.08"},
		},
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
