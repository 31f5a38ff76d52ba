package ladder

import (
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestTheEndOfTheWindowIsLookedAtThoughACheckCannotStart: then that is told no more.
func TestTheEndOfTheWindowIsLookedAtThoughACheckCannotStart(t *testing.T) {
	c := newCluster(t)
	begin := append([]step{inTheWay("no CronJob")}, switchedAndChecked()...)
	for _, step := range append(begin, later(10*time.Minute-time.Second)) {
		step(c)
		c.settle()
	}
	state := c.observed(c.service)
	check, _ := state.Service.After()
	state.Checks.Obstacles = map[string]string{check.Job: "no CronJob"}
	if got, want := Decide(state).LookAgain, now.Add(10*time.Minute); !got.Equal(want) {
		t.Errorf("looks again at %s, want %s", got, want)
	}
}

// TestTheEndOfTheWindowIsLookedAt, also while what broke waits for a status of what it would return to: what is told of a check ends then.
func TestTheEndOfTheWindowIsLookedAt(t *testing.T) {
	c := newCluster(t)
	for _, step := range append(switchedAndChecked(), runs(Deployment("1.10", changed)), runs(broke(0)), later(bluegreen.Patience)) {
		step(c)
		c.settle()
	}
	decision := Decide(c.observed(c.service))
	if want := now.Add(10 * time.Minute); decision.MovesTraffic() || !decision.LookAgain.Equal(want) {
		t.Errorf("looks again at %s, want %s", decision.LookAgain, want)
	}
}

// TestACheckThatCannotStartIsTriedAgain, also while what broke waits for a status of what it would return to.
func TestACheckThatCannotStartIsTriedAgain(t *testing.T) {
	c := newCluster(t)
	begin := append([]step{inTheWay("no CronJob")}, switchedAndChecked()...)
	for _, step := range append(begin, runs(Deployment("1.10", changed)), runs(broke(0)), later(bluegreen.Patience)) {
		step(c)
		c.settle()
	}
	state := c.observed(c.service)
	check, _ := state.Service.After()
	state.Checks.Obstacles = map[string]string{check.Job: "no CronJob"}
	if got, want := Decide(state).LookAgain, state.Now.Add(tryAgainAfter); !got.Equal(want) {
		t.Errorf("looks again at %s, want %s", got, want)
	}
}
