package random

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "run the random test with this seed alone; 0 for those of testdata/seeds and a new one")
	stepsFlag = flag.Int("steps", 300, "how many steps the random test goes with -seed, or with a new one")
)

// randomRun is one run of the random test.
type randomRun struct {
	seed  uint64
	steps int
}

// TestWritesInRandomOrder fires writes of all kinds from all kinds of writers, with restarts and outages between, and judges
// every version that was ever stored: traffic moves by the controller's write alone, only to what is asked for, and only when
// that is ready; and in the end every ask is reached.
//
// The seed decides what is tried in which order; how that interleaves with the controller is up to the machine.
func TestWritesInRandomOrder(t *testing.T) {
	for _, r := range runs(t) {
		t.Run(fmt.Sprintf("seed=%d", r.seed), func(t *testing.T) {
			t.Logf("again: go test ./test/api -run TestWritesInRandomOrder -seed=%d -steps=%d", r.seed, r.steps)
			walkRandomly(t, r.seed, r.steps)
		})
	}
}

// runs returns those that found something once, and one with a new seed.
func runs(t *testing.T) []randomRun {
	t.Helper()
	if *seedFlag != 0 {
		return []randomRun{{*seedFlag, *stepsFlag}}
	}
	corpus, err := os.ReadFile("testdata/seeds")
	if err != nil {
		t.Fatal(err)
	}
	var all []randomRun
	for line := range strings.Lines(string(corpus)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var r randomRun
		if _, err := fmt.Sscanf(line, "%d %d", &r.seed, &r.steps); err != nil {
			t.Fatalf("testdata/seeds: %q: %v", line, err)
		}
		all = append(all, r)
	}
	return append(all, randomRun{1 + rand.Uint64N(1<<32), *stepsFlag})
}

func walkRandomly(t *testing.T, seed uint64, steps int) {
	w := newWorld(t)
	started := time.Now()
	for w.step = 1; w.step <= steps; w.step++ {
		w.r = rand.New(rand.NewPCG(seed, uint64(w.step))) // So that no step depends on what another has drawn.
		if w.step == w.resume {
			w.recover()
		}
		pickWeighted(w.r, stepKinds)(w)
		if w.step%50 == 0 {
			w.barrier()
		}
	}
	elapsed := time.Since(started)
	w.finish()
	t.Logf("%d writes in %d steps, %.0f a second", w.written, steps, float64(w.written)/elapsed.Seconds())
	for _, what := range slices.Sorted(maps.Keys(w.checker.stats)) {
		t.Logf("%6d %s", w.checker.stats[what], what)
	}
}

// stepKinds are what a step may be, as often as its weight says.
var stepKinds = []weighted[func(*world)]{
	{100, func(w *world) {
		w.writeRandomly(pick(w.r, w.services...))
	}},
	{90, func(w *world) { w.happen(pick(w.r, w.deployments...), pickWeighted(w.r, happenings)) }},
	{10, func(w *world) { w.upgrade(w.r, pick(w.r, w.services...)) }},
	{10, func(w *world) { // What a Service asks for becomes ready.
		s := w.get(pick(w.r, w.services...))
		if pending(s) {
			for _, d := range w.matching(candidate(s), s.Namespace) {
				w.happen(client.ObjectKeyFromObject(d), func(w *world, d *appsv1.Deployment) { w.report(d, fully) })
			}
		}
	}},
	{3, func(w *world) { w.deleteAndCreate(pick(w.r, w.services...)) }},
	{10, func(w *world) { w.sentinel() }},
	{3, (*world).outage},
}

func (w *world) writeRandomly(key client.ObjectKey) {
	c := change{annotations: map[string]any{}, selector: map[string]any{}}
	want := pickWeighted(w.r, changes)
	s := w.get(key)
	want(w.r, s, c)
	if w.r.IntN(6) == 0 { // Two things in one write.
		pickWeighted(w.r, changes)(w.r, s, c)
	}
	w.writeService(key, c)
}

// deleteAndCreate is kubectl replace --force, which nobody can hold.
func (w *world) deleteAndCreate(key client.ObjectKey) {
	s := &corev1.Service{}
	s.Namespace, s.Name = key.Namespace, key.Name
	if err := w.client.Delete(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
	for who := range w.applied {
		if strings.HasPrefix(who, key.Namespace+"/"+key.Name+"/") {
			delete(w.applied, who)
		}
	}
	delete(w.disowned, key)
	w.create(newService(key, pick(w.r, versions...), pick(w.r, versions...)))
}
