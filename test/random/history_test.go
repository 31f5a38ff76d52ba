package random

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// now is a resourceVersion after all others.
const now = math.MaxInt64

// id names an object of the random test.
type id struct {
	kind string // Service or Deployment
	client.ObjectKey
}

func (who id) String() string { return who.kind + " " + who.ObjectKey.String() }

func serviceID(s *corev1.Service) id {
	return id{kind: "Service", ObjectKey: client.ObjectKeyFromObject(s)}
}

func deploymentID(d *appsv1.Deployment) id {
	return id{kind: "Deployment", ObjectKey: client.ObjectKeyFromObject(d)}
}

// state is an object from one resourceVersion until the next, nil where it did not exist. All objects of an API server share one
// sequence of resourceVersions, which makes "before" and "after" exact.
type state struct {
	rv     int64
	object client.Object
}

// event is that an object got a new state.
type event struct {
	id id
	state
}

// history is every state of the Services and Deployments of some namespaces, as two watches saw them.
type history struct {
	mu         sync.Mutex
	changed    chan struct{} // closed at every event
	namespaces []string
	states     map[id][]state
	events     []event
	seen       map[string]int64 // by kind, up to which resourceVersion the history is complete
}

func watchHistory(t *testing.T, namespaces ...string) *history {
	t.Helper()
	h := &history{
		changed:    make(chan struct{}),
		namespaces: namespaces,
		states:     map[id][]state{},
		seen:       map[string]int64{},
	}
	for kind, list := range map[string]client.ObjectList{"Service": &corev1.ServiceList{}, "Deployment": &appsv1.DeploymentList{}} {
		watcher, err := suite.Admin.Watch(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(watcher.Stop)
		go func() {
			for event := range watcher.ResultChan() {
				h.add(kind, event)
			}
		}()
	}
	return h
}

func (h *history) add(kind string, e watch.Event) {
	object, ok := e.Object.(client.Object)
	if !ok || !slices.Contains(h.namespaces, object.GetNamespace()) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	latest := state{rv: revision(object), object: object}
	if e.Type == watch.Deleted {
		latest.object = nil
	}
	who := id{kind: kind, ObjectKey: client.ObjectKeyFromObject(object)}
	h.states[who] = append(h.states[who], latest)
	h.events = append(h.events, event{id: who, state: latest})
	h.seen[kind] = latest.rv
	close(h.changed)
	h.changed = make(chan struct{})
}

func revision(object client.Object) int64 {
	rv, err := strconv.ParseInt(object.GetResourceVersion(), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("resourceVersion of %s: %v", object.GetName(), err))
	}
	return rv
}

// until waits for something that is seen in the history; lacking returns what is missing, "" for nothing.
func (h *history) until(t *testing.T, lacking func() string) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		h.mu.Lock()
		missing, changed := lacking(), h.changed
		h.mu.Unlock()
		if missing == "" {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("did not come about within %v: %s", patience, missing)
		}
	}
}

// between returns the states of an object that were current at some moment from one resourceVersion until just before another, a
// nil object for its absence. The lock must be held, as for all that follows.
func (h *history) between(who id, from, to int64) []state {
	states := []state{{rv: from}}
	for _, one := range h.states[who] {
		switch {
		case one.rv <= from:
			states[0] = one
		case one.rv < to:
			states = append(states, one)
		}
	}
	return states
}

// before returns the last state of an object before a resourceVersion.
func (h *history) before(who id, rv int64) state {
	states := h.between(who, 0, rv)
	return states[len(states)-1]
}

// at returns an object as it was at a resourceVersion.
func (h *history) at(who id, rv int64) client.Object { return h.between(who, rv, rv)[0].object }

// ids returns the objects of a kind in a namespace that ever existed.
func (h *history) ids(kind, namespace string) []id {
	var found []id
	for who := range h.states {
		if who.kind == kind && who.Namespace == namespace {
			found = append(found, who)
		}
	}
	slices.SortFunc(found, func(a, b id) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// services returns the Services of a namespace as they were at a resourceVersion, each that is led on its way to where its leader is.
func (h *history) services(namespace string, rv int64) []*corev1.Service {
	return onTheirWay(h.stored(namespace, rv))
}

// stored returns them as they were stored.
func (h *history) stored(namespace string, rv int64) []*corev1.Service {
	var found []*corev1.Service
	for _, who := range h.ids("Service", namespace) {
		if s, ok := h.at(who, rv).(*corev1.Service); ok {
			found = append(found, s)
		}
	}
	return found
}

// moments returns the resourceVersions from one until just before another at which a Service of a namespace changed, and the
// first itself.
func (h *history) moments(namespace string, from, to int64) []int64 {
	found := []int64{from}
	for _, e := range h.events {
		if e.id.kind == "Service" && e.id.Namespace == namespace && e.rv > from && e.rv < to {
			found = append(found, e.rv)
		}
	}
	return found
}
