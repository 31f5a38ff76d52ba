package cluster

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// locks keep the two controllers from writing the same Deployment at once: a switch to it must not meet its unprotecting.
type locks struct {
	mu    sync.Mutex
	freed *sync.Cond
	busy  sets.Set[client.ObjectKey]
}

// newLocks returns Locks.
func newLocks() *locks {
	l := &locks{busy: sets.New[client.ObjectKey]()}
	l.freed = sync.NewCond(&l.mu)
	return l
}

// lock waits until none of the Deployments is locked, locks them all at once, and returns what unlocks them.
func (l *locks) lock(deployments ...*appsv1.Deployment) (unlock func()) {
	keys := sets.New[client.ObjectKey]()
	for _, deployment := range deployments {
		keys.Insert(client.ObjectKeyFromObject(deployment))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.busy.HasAny(keys.UnsortedList()...) {
		l.freed.Wait()
	}
	l.busy = l.busy.Union(keys)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.busy = l.busy.Difference(keys)
		l.freed.Broadcast()
	}
}
