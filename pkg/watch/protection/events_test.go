package protection

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestWhatAServiceLeavesIsLookedAtLaterAndWhatSomebodyWaitsForAtOnce(t *testing.T) {
	server := NewAPIServer(t,
		InUse("1.07"), // It stays unused.
		InUse("1.08"), // Traffic leaves it.
		InUse(Green),  // Traffic goes to it.
		Deleted(InUse("1.09")),
		scaledDown(scaleDownHeld),
	)
	handler := serviceHandler(newProtection(server, disabled))
	for name, test := range map[string]struct {
		change func(*recordingQueue)
		later  []string
	}{
		"created": {
			change: func(queue *recordingQueue) {
				handler.Create(t.Context(), event.CreateEvent{Object: OnVersion(Green)}, queue)
			},
		},
		"switched": {
			change: func(queue *recordingQueue) {
				handler.Update(t.Context(), event.UpdateEvent{ObjectOld: OnVersion("1.08"), ObjectNew: OnVersion(Green)}, queue)
			},
			later: []string{"nginx-1.08"},
		},
		"changed otherwise": {
			change: func(queue *recordingQueue) {
				handler.Update(t.Context(), event.UpdateEvent{ObjectOld: OnVersion(Green), ObjectNew: OnVersion(Green)}, queue)
			},
		},
		"deleted": {
			change: func(queue *recordingQueue) {
				handler.Delete(t.Context(), event.DeleteEvent{Object: OnVersion("1.08")}, queue)
			},
			later: []string{"nginx-1.08"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			queue := newRecordingQueue()
			test.change(queue)
			if want := sets.New("nginx-1.09", "nginx-1.10"); !queue.now.Equal(want) {
				t.Errorf("at once: %v, want %v", queue.now, want)
			}
			if want := sets.New(test.later...); !queue.later.Equal(want) {
				t.Errorf("later: %v, want %v", queue.later, want)
			}
		})
	}
}

// recordingQueue records what is added to it.
type recordingQueue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	now   sets.Set[string]
	later sets.Set[string]
}

func newRecordingQueue() *recordingQueue {
	return &recordingQueue{now: sets.New[string](), later: sets.New[string]()}
}

func (q *recordingQueue) Add(request reconcile.Request) { q.now.Insert(request.Name) }

func (q *recordingQueue) AddAfter(request reconcile.Request, _ time.Duration) {
	q.later.Insert(request.Name)
}

func TestTheLeaderTellsWhatBeginsToBeHeld(t *testing.T) {
	live, deleted := InUse(Blue), Deleted(InUse(Blue))
	server := NewAPIServer(t, Asking(Green), live)
	deploymentChanged(t, newProtection(server, enabled), nil, deleted)
	deploymentChanged(t, newFollower(server), live, deleted)
	if said := server.Said(); len(said) > 0 {
		t.Errorf("of what was there at the start, or by a follower: %q", said)
	}
	deploymentChanged(t, newProtection(server, enabled), live, deleted)
	ExpectOneEvent(t, server.Said(), "Normal DeletionHeld", "Service nginx uses it", "kubectl delete service nginx -n shop")
}
