package walks

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "go the walk of this seed alone; 0 for all from 1 on")
	walksFlag = flag.Uint64("walks", 1000, "how many walks to go")
	stepsFlag = flag.Int("steps", 25, "how many steps a walk has")
	forFlag   = flag.Duration("for", 0, "for how long to go walks, in place of -walks, each time from another seed on")
)

// TestMain lets garbage lie for longer than usual: walks make much, and keep none.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

// tally is what came of walks.
type tally struct {
	walks, writes int

	// reached counts what they came by, faults has the first seed that failed each rule.
	reached map[string]int
	faults  map[string]uint64
}

func newTally() *tally { return &tally{reached: map[string]int{}, faults: map[string]uint64{}} }

// add counts a walk.
func (t *tally) add(seed uint64, w *world) {
	t.walks, t.writes = t.walks+1, t.writes+w.writes
	for what, times := range w.reached {
		t.reached[what] += times
	}
	if w.fault != nil {
		if first, known := t.faults[w.fault.rule]; !known || seed < first {
			t.faults[w.fault.rule] = seed
		}
	}
}

// merge adds what others counted.
func (t *tally) merge(other *tally) {
	t.walks, t.writes = t.walks+other.walks, t.writes+other.writes
	for what, times := range other.reached {
		t.reached[what] += times
	}
	for rule, seed := range other.faults {
		if first, known := t.faults[rule]; !known || seed < first {
			t.faults[rule] = seed
		}
	}
}

// seeds returns a function that hands out one seed after the other, and 0 once there are enough.
func seeds() func() uint64 {
	var last atomic.Uint64
	until := time.Now().Add(*forFlag)
	if *forFlag > 0 {
		last.Store(uint64(until.Unix()) * 1_000_000)
	}
	return func() uint64 {
		seed := last.Add(1)
		switch {
		case *seedFlag != 0 && seed == 1:
			return *seedFlag
		case *seedFlag != 0, *forFlag > 0 && time.Now().After(until), *forFlag == 0 && seed > *walksFlag:
			return 0
		default:
			return seed
		}
	}
}

// TestGeneratedWalks goes walks from one seed after the other, and judges every write by the rules.
func TestGeneratedWalks(t *testing.T) {
	began, next, all := time.Now(), seeds(), newTally()
	var workers sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			mine := newTally()
			for seed := next(); seed != 0; seed = next() {
				mine.add(seed, walk{seed: seed, steps: *stepsFlag, decisions: production()}.goes())
			}
			mu.Lock()
			defer mu.Unlock()
			all.merge(mine)
		})
	}
	workers.Wait()
	t.Logf("%d walks of %d steps, %d writes of bluegreen, %s", all.walks, *stepsFlag, all.writes, time.Since(began).Round(time.Millisecond))
	for _, rule := range slices.Sorted(maps.Keys(all.faults)) {
		t.Error(report(all.faults[rule], production(), rule))
	}
	for _, what := range slices.Concat(combinations, combinationsOfChecks) {
		t.Logf("%8d  %s", all.reached[what], what)
		if all.reached[what] == 0 && *seedFlag == 0 {
			t.Errorf("no walk came by: %s", what)
		}
	}
}

// report returns the story of the shortest walk with a seed that fails a rule.
func report(seed uint64, with decisions, rule string) string {
	short := walk{seed: seed, steps: *stepsFlag, without: map[int]bool{}, decisions: with}
	for number := short.steps + 1; number > 0; number-- {
		shorter := short
		shorter.without = maps.Clone(short.without)
		shorter.without[number] = true
		if w := shorter.goes(); w.fault != nil && w.fault.rule == rule {
			short = shorter
		}
	}
	short.told = true
	return fmt.Sprintf("%s\nagain: go test ./pkg/bluegreen/walks -v -run TestGeneratedWalks -seed=%d -steps=%d\nthe shortest walk:\n%s",
		rule, seed, short.steps, strings.Join(short.goes().story, "\n"))
}
