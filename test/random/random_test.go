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

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "run the random test with this seed alone; 0 for those of testdata/seeds and a new one")
	stepsFlag = flag.Int("steps", 300, "how many steps the random test goes with -seed, or with a new one")
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

var suite *installation.Suite

func TestMain(m *testing.M) {
	os.Exit(installation.Run(m, "../..", func(s *installation.Suite) { suite = s }, "checks.enabled=true"))
}

// randomRun is one run of the random test.
type randomRun struct {
	seed  uint64
	steps int
}

// TestWritesInRandomOrder fires writes of all kinds from all kinds of writers, with restarts and outages between, and judges
// every state that was ever stored: traffic moves by the controller's write alone, only to what is asked for, and only when
// that is ready; and in the end every ask is reached.
//
// The seed decides what is tried in which order; how that interleaves with the controller is up to the machine.
func TestWritesInRandomOrder(t *testing.T) {
	for _, run := range runs(t) {
		t.Run(fmt.Sprintf("seed=%d", run.seed), func(t *testing.T) {
			t.Logf("again: go test ./test/random -seed=%d -steps=%d", run.seed, run.steps)
			run.walk(t)
		})
	}
}

// runs returns those that found something once, and one with a new seed.
func runs(t *testing.T) []randomRun {
	t.Helper()
	if *seedFlag != 0 {
		return []randomRun{{seed: *seedFlag, steps: *stepsFlag}}
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
		var run randomRun
		if _, err := fmt.Sscanf(line, "%d %d", &run.seed, &run.steps); err != nil {
			t.Fatalf("testdata/seeds: %q: %v", line, err)
		}
		all = append(all, run)
	}
	return append(all, randomRun{seed: 1 + rand.Uint64N(1<<32), steps: *stepsFlag})
}

// walk goes the steps of a run in a new world, and judges what came of them.
func (run randomRun) walk(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	started := time.Now()
	for w.step = 1; w.step <= run.steps; w.step++ {
		w.dice = rand.New(rand.NewPCG(run.seed, uint64(w.step))) // So that no step depends on what another has drawn.
		if w.step == w.resumeAt {
			w.recover()
		}
		pickWeighted(w.dice, stepKinds)(w)
		if w.step%50 == 0 {
			w.barrier()
		}
	}
	elapsed := time.Since(started)
	w.finish()
	t.Logf("%d writes in %d steps, %.0f a second", w.written, run.steps, float64(w.written)/elapsed.Seconds())
	for _, what := range slices.Sorted(maps.Keys(w.checker.stats)) {
		t.Logf("%6d %s", w.checker.stats[what], what)
	}
}
