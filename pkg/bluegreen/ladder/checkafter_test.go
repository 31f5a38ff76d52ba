package ladder

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

var afterwards = Annotation(bluegreen.PostPromotionCheck, "smoke")

// TestWhatIsLiveIsCheckedOnceAfterTheSwitch: the walks begin with a switch from 1.10 to 1.11, which is watched for ten minutes.
func TestWhatIsLiveIsCheckedOnceAfterTheSwitch(t *testing.T) {
	kept, blueEnds := rests("1.11", noWrite), known("1.10", Starting)
	for name, test := range map[string]struct {
		steps []step
		want  []stop // after the switch
		jobs  int
	}{
		"it succeeds": {
			steps: []step{jobSucceeds, later(time.Hour)},
			want:  []stop{rests("1.11", oneWrite), kept},
			jobs:  1,
		},
		"it succeeds, and its Job is deleted": {
			steps: []step{jobSucceeds, jobGone, later(time.Minute)},
			want:  []stop{rests("1.11", oneWrite), kept, kept},
			jobs:  1,
		},
		"it fails, for good": {
			steps: []step{jobFails, later(time.Minute), write(Annotation(bluegreen.Retry, "2"))},
			want:  []stop{rolledBack("1.10", oneWrite), rolledBack("1.10", noWrite), liveUnchecked("1.11", twoWrites)},
			jobs:  2,
		},
		"it fails, and the version before is not ready": {
			steps: []step{runs(blueEnds), jobFails, later(time.Minute), runs(known("1.10")), later(time.Hour)},
			want: []stop{liveUnchecked("1.11", noWrite), fails("1.11", oneWrite), fails("1.11", noWrite), fails("1.11", noWrite),
				rests("1.11", oneWrite)},
			jobs: 1,
		},
		"it fails after its user has changed the template": {
			steps: []step{runs(known("1.11", Revision("5"), observing)), jobFails},
			want:  []stop{liveUnchecked("1.11", noWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"it fails too late": {
			steps: []step{later(10 * time.Minute), jobFails},
			want:  []stop{rests("1.11", oneWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"it fails, and what is live breaks": {
			steps: []step{runs(broke(0)), jobFails},
			want:  []stop{liveUnchecked("1.11", noWrite), rolledBack("1.10", oneWrite)},
			jobs:  1,
		},
		"what is live breaks while it runs": {
			steps: []step{runs(broke(0)), later(10 * time.Second)},
			want:  []stop{liveUnchecked("1.11", noWrite), rolledBack("1.10", oneWrite)},
			jobs:  1,
		},
		"its Job is deleted before it ends": {
			steps: []step{jobGone, later(time.Minute), later(time.Hour)},
			want:  []stop{liveUnchecked("1.11", oneWrite), liveUnchecked("1.11", noWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"a newer ask waits": {
			steps: []step{runs(known("1.12", Starting)), write(Asks("1.12")), jobFails, runs(known("1.12"))},
			want: []stop{liveUnchecked("1.11", noWrite), waits(ReasonNotAvailable, "1.11", oneWrite),
				waits(ReasonNotAvailable, "1.10", oneWrite), liveUnchecked("1.12", twoWrites)},
			jobs: 2,
		},
		"a newer ask waits, and the Job is deleted once it has succeeded": {
			steps: []step{jobSucceeds, jobGone, runs(known("1.12", Starting)), write(Asks("1.12")), write(Asks("1.11"))},
			want:  []stop{rests("1.11", oneWrite), kept, kept, waits(ReasonNotAvailable, "1.11", oneWrite), kept},
			jobs:  1,
		},
		"back by hand": {
			steps: []step{write(Asks("1.10")), jobFails},
			want:  []stop{liveUnchecked("1.10", twoWrites), rolledBack("1.11", oneWrite)},
			jobs:  2,
		},
		"no longer watched": {
			steps: []step{write(Lacks(bluegreen.PostPromotionCheck, bluegreen.AutoRollback))},
			want:  []stop{rests("1.11", oneWrite)},
			jobs:  1,
		},
		"the same manifest, applied again": {
			steps: []step{write(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey, bluegreen.LastSwitchKey, bluegreen.ChecksKey))},
			want:  []stop{liveUnchecked("1.11", noWrite)},
			jobs:  1,
		},
		"checks are switched off in the installation": {
			steps: []step{checksDisabled, jobFails},
			want:  []stop{waits(ReasonInvalid, "1.11", oneWrite), waits(ReasonInvalid, "1.11", noWrite)},
			jobs:  1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			for _, step := range append(switchedAndChecked(), test.steps...) {
				step(c)
				c.settle()
			}
			expectWalk(t, c.seen[1:], append([]stop{liveUnchecked("1.11", twoWrites)}, test.want...)...)
			if len(c.checks.started) != test.jobs {
				t.Errorf("started %q, want %d Jobs", c.checks.started, test.jobs)
			}
		})
	}
}

// switchedAndChecked are the steps of a switch to version 1.11, which is checked after it.
func switchedAndChecked() []step {
	return []step{
		runs(known("1.10"), known("1.11", Revision("4"))),
		create(Service(Asks("1.10"), afterwards, forTenMinutes)),
		write(Asks("1.11")),
	}
}

// TestACheckAfterTheSwitchThatHasTooLittleTimeDoesNotStart: it would say nothing of the version, and return traffic.
func TestACheckAfterTheSwitchThatHasTooLittleTimeDoesNotStart(t *testing.T) {
	c := newCluster(t)
	steps := append([]step{inTheWay("CronJob smoke does not exist: create it")}, switchedAndChecked()...)
	for _, step := range append(steps, later(571*time.Second), inTheWay("")) {
		step(c)
		c.settle()
	}
	want := "Version 1.11 is live, and was not checked: too little of bluegreen/auto-rollback is left"
	if got := c.service.Annotations[bluegreen.MessageKey]; got != want || len(c.checks.started) > 0 {
		t.Errorf("got %q, started %q", got, c.checks.started)
	}
}

func TestACheckAfterTheSwitchThatCannotStartIsToldAndTrafficStays(t *testing.T) {
	c := newCluster(t)
	for _, step := range append([]step{inTheWay("CronJob smoke does not exist: create it")}, switchedAndChecked()...) {
		step(c)
		c.settle()
	}
	want := "Version 1.11 is live, and its check by CronJob smoke cannot start: CronJob smoke does not exist: create it"
	if got := c.service.Annotations[bluegreen.MessageKey]; got != want {
		t.Errorf("got %q", got)
	}
	inTheWay("")(c)
	c.settle()
	if len(c.checks.started) != 1 {
		t.Errorf("started %q", c.checks.started)
	}
}

// TestTheJobAfterTheSwitchEndsBeforeTheWindow, or traffic could not return.
func TestTheJobAfterTheSwitchEndsBeforeTheWindow(t *testing.T) {
	c := newCluster(t)
	for _, step := range switchedAndChecked() {
		step(c)
		c.settle()
	}
	if got := *c.checks.latest().Spec.ActiveDeadlineSeconds; got != 590 {
		t.Errorf("got %d s", got)
	}
}

// TestJobsThatCheckWhatNobodyAsksForEnd, and those that have ended stay until the next begins.
func TestJobsThatCheckWhatNobodyAsksForEnd(t *testing.T) {
	blue, green := known("1.10"), known("1.11")
	for name, test := range map[string]struct {
		steps []step
		ended int
	}{
		"withdrawn while it runs":         {steps: []step{write(Asks("1.10"))}, ended: 1},
		"given back while it runs":        {steps: []step{write(Lacks(bluegreen.TargetVersion))}, ended: 1},
		"no longer wanted":                {steps: []step{write(Lacks(bluegreen.PrePromotionCheck))}, ended: 1},
		"asked for again after a failure": {steps: []step{jobFails, write(Annotation(bluegreen.Retry, "2"))}, ended: 1},
		"switched":                        {steps: []step{jobSucceeds}, ended: 0},
		"withdrawn after a failure":       {steps: []step{jobFails, write(Asks("1.10"))}, ended: 0},
		"annotations that are invalid":    {steps: []step{unanswered(write(Annotation(bluegreen.Ready, "soon")))}, ended: 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			begin := []step{runs(blue, green), create(Service(Asks("1.10"), byJob)), write(Asks("1.11"))}
			for _, step := range append(begin, test.steps...) {
				step(c)
				c.settle()
			}
			if !slices.Equal(c.checks.ended, c.checks.started[:test.ended]) {
				t.Errorf("started %q, ended %q", c.checks.started, c.checks.ended)
			}
		})
	}
}

func TestWhatIsSaidOfAVersionThatIsChecked(t *testing.T) {
	blue, green := known("1.10"), known("1.11")
	asks := Managed(Asks("1.11"), byJob)
	expect := func(after string, c *cluster, want string) {
		t.Helper()
		if got := c.service.Annotations[bluegreen.MessageKey]; !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", after, got, want)
		}
	}
	c := newCluster(t)
	c.service, c.deployments = asks, map[string]*appsv1.Deployment{blue.Name: blue, green.Name: green}
	c.checks.previews = append(c.checks.previews, Preview())
	c.settle()
	expect("the ask", c, "Version 1.11 is ready, and its check by CronJob smoke waits: Service nginx-preview does not select it yet")
	previewOn("1.11")(c)
	c.settle()
	job := c.checks.latest().Name
	log := "kubectl logs job/" + job + " -n shop"
	expect("its start", c, "Version 1.11 is ready, and is being checked: "+log)
	jobFails(c)
	c.settle()
	expect("its failure", c, "Version 1.11 failed its check before the switch (Job "+job+" has failed (BecauseOf: what it found); "+
		"to see why: "+log+"): traffic stays on version 1.10; ask for another version, or for this one again: kubectl annotate service "+
		"nginx -n shop bluegreen/retry=1795852800 --overwrite")
	delete(c.service.Annotations, bluegreen.MessageKey)
	c.settle()
	expect("the loss of the message", c, "Version 1.11 failed its check before the switch: traffic stays on version 1.10; ask for another")
}

func TestALiveSlotIsNotRolledOutForAVersionThatIsToBeChecked(t *testing.T) {
	state := observe(Managed(Asks("1.12"), byJob), []*appsv1.Deployment{HeldSlot()})
	state.Checks.Enabled = true
	want := held(ReasonNotAvailable, "Deployment nginx-blue: serves, and its rollout to version 1.12 is held: its pods would end before "+
		"anything can check the new ones; use a Deployment for each version, or remove bluegreen/pre-promotion-check")
	want.expect(t, decideOn(state))
}
