package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/bench/follow"
)

// patience is how long anything may take that should happen by itself.
const patience = 2 * time.Minute

// sighting is a version of an object, and when it arrived here.
type sighting struct {
	at     time.Time
	object client.Object
}

// observer sees what is written in a namespace, by whomever. A signal and its effect are timed by when it sees them: what a
// watch takes is in both, for every peer alike.
type observer struct {
	mu      sync.Mutex
	seen    map[string][]sighting // By keyOf, or where the labels say a version by versionKey.
	changed chan struct{}         // Closed at the next sighting.
	err     error                 // Why nothing is seen any more.
}

func keyOf(kind, name string) string               { return kind + "/" + name }
func versionKey(kind, name, version string) string { return keyOf(kind, name+" "+version) }

// observe starts to watch Services, Deployments, ReplicaSets and Pods, from now on and until the context ends.
func observe(ctx context.Context, clients kubernetes.Interface, namespace string) (*observer, error) {
	o := &observer{seen: map[string][]sighting{}, changed: make(chan struct{})}
	services, err := clients.CoreV1().Services(namespace).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, err
	}
	for kind, start := range map[string]follow.Watcher{
		"Service":    clients.CoreV1().Services(namespace).Watch,
		"Deployment": clients.AppsV1().Deployments(namespace).Watch,
		"ReplicaSet": clients.AppsV1().ReplicaSets(namespace).Watch,
		"Pod":        clients.CoreV1().Pods(namespace).Watch,
	} {
		go func() {
			err := follow.Objects(ctx, start, services.ResourceVersion, func(object runtime.Object) { o.record(kind, object.(client.Object)) })
			if ctx.Err() == nil {
				o.fail(fmt.Errorf("observing %ss: %w", kind, err))
			}
		}()
	}
	return o, nil
}

func (o *observer) record(kind string, object client.Object) {
	at := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	key := keyOf(kind, object.GetName())
	if labels := object.GetLabels(); labels["version"] != "" {
		key = versionKey(kind, labels["name"], labels["version"])
	}
	o.seen[key] = append(o.seen[key], sighting{at, object})
	close(o.changed)
	o.changed = make(chan struct{})
}

// fail has everybody who waits fail: what was missed is not known.
func (o *observer) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	close(o.changed)
	o.changed = make(chan struct{})
}

// sightings returns those of an object, and what is closed when there are more of anything.
func (o *observer) sightings(key string) ([]sighting, <-chan struct{}, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[key], o.changed, o.err
}

// await returns the first sighting after a moment that is as asked.
func await[T runtime.Object](ctx context.Context, o *observer, key string, after time.Time, is func(T) bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for next := 0; ; {
		seen, changed, err := o.sightings(key)
		if err != nil {
			return time.Time{}, err
		}
		for ; next < len(seen); next++ {
			if object, ok := seen[next].object.(T); ok && !seen[next].at.Before(after) && is(object) {
				return seen[next].at, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("%s did not become what was waited for: %w", key, ctx.Err())
		}
	}
}

// awaitLast waits until the last sighting of an object is as asked.
func awaitLast[T runtime.Object](ctx context.Context, o *observer, key string, is func(T) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		seen, changed, err := o.sightings(key)
		if err != nil {
			return err
		}
		if len(seen) > 0 && is(seen[len(seen)-1].object.(T)) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s did not become what was waited for: %w", key, ctx.Err())
		}
	}
}

// last returns the last sighting of an object that was seen.
func (o *observer) last(key string) client.Object {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.seen[key]
	return seen[len(seen)-1].object
}

// count returns how many versions of some objects were seen after a moment.
func (o *observer) count(after time.Time, of func(key string) bool) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	count := 0
	for key, seen := range o.seen {
		for _, sighting := range seen {
			if of(key) && !sighting.at.Before(after) {
				count++
			}
		}
	}
	return count
}
