package random

import (
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// stepKinds are what a step may be, as often as the weights say.
var stepKinds = []weighted[func(*world)]{
	{weight: 100, what: (*world).changeService},
	{weight: 90, what: func(w *world) { w.happen(pick(w.dice, w.deployments...), pickWeighted(w.dice, happenings)) }},
	{weight: 10, what: func(w *world) { w.upgrade(pick(w.dice, w.services...)) }},
	{weight: 10, what: (*world).makeTargetReady},
	{weight: 15, what: (*world).endJobs},
	{weight: 4, what: func(w *world) { w.breakLive(pick(w.dice, w.services...)) }},
	{weight: 3, what: func(w *world) { w.deleteAndCreate(pick(w.dice, w.services...)) }},
	{weight: 10, what: func(w *world) { w.replaceSentinel() }},
	{weight: 3, what: (*world).outage},
}

// changeService makes somebody change a Service, now and then in two ways with one write.
func (w *world) changeService() {
	w.t.Helper()
	key := pick(w.dice, w.services...)
	wanted := newChange()
	first := pickWeighted(w.dice, serviceChanges)
	s := w.get(key)
	first(w.dice, s, wanted)
	if w.dice.IntN(6) == 0 {
		pickWeighted(w.dice, serviceChanges)(w.dice, s, wanted)
	}
	w.writeService(key, wanted)
}

// makeTargetReady makes ready what a Service asks for.
func (w *world) makeTargetReady() {
	w.t.Helper()
	s := w.get(pick(w.dice, w.services...))
	if !pending(s) {
		return
	}
	for _, d := range w.matching(candidate(s), s.Namespace) {
		w.happen(client.ObjectKeyFromObject(d), reportFully)
	}
}

// breakLive takes all pods of what a Service has its traffic on, and mostly makes ready what it left.
func (w *world) breakLive(key client.ObjectKey) {
	w.t.Helper()
	s := w.get(key)
	if left, _ := returning(s); left != "" && w.dice.IntN(4) > 0 {
		for _, d := range w.matching(onVersion(s, left), s.Namespace) {
			w.happen(client.ObjectKeyFromObject(d), reportFully)
		}
	}
	for _, d := range w.matching(s.Spec.Selector, s.Namespace) {
		w.happen(client.ObjectKeyFromObject(d), reportUnavailable)
	}
}

// deleteAndCreate is kubectl replace --force, which nobody can hold.
func (w *world) deleteAndCreate(key client.ObjectKey) {
	w.t.Helper()
	s := &corev1.Service{}
	s.Namespace, s.Name = key.Namespace, key.Name
	if err := w.client.Delete(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
	w.applied.forget(key)
	delete(w.disowned, key)
	w.create(newService(key, pick(w.dice, versions...), pick(w.dice, versions...)))
}

// pick returns one of several things.
func pick[T any](dice *rand.Rand, all ...T) T { return all[dice.IntN(len(all))] }

// weighted is something that happens as often as its weight says.
type weighted[T any] struct {
	weight int
	what   T
}

// pickWeighted returns one of several things, by weight.
func pickWeighted[T any](dice *rand.Rand, all []weighted[T]) T {
	sum := 0
	for _, one := range all {
		sum += one.weight
	}
	at := dice.IntN(sum)
	for _, one := range all {
		if at -= one.weight; at < 0 {
			return one.what
		}
	}
	panic("unreachable")
}
