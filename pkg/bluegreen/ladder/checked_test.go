package ladder

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

var byJob = Annotation(bluegreen.PrePromotionCheck, "smoke")

const twoWrites = 2

// TestAVersionThatIsReadyIsCheckedOnceBeforeItGetsTraffic: the walks begin with version 1.10 at rest, and the Deployments of both.
func TestAVersionThatIsReadyIsCheckedOnceBeforeItGetsTraffic(t *testing.T) {
	greenStarts := known("1.11", Starting)
	asks, rest := write(Asks("1.11")), rests("1.10", noWrite)
	began := checking("1.10", twoWrites)
	for name, test := range map[string]struct {
		steps []step
		want  []stop
		jobs  int
	}{
		"it succeeds": {
			steps: []step{asks, jobSucceeds},
			want:  []stop{began, rests("1.11", oneWrite)},
			jobs:  1,
		},
		"it fails, for good": {
			steps: []step{asks, jobFails, later(time.Hour), runs(greenStarts), runs(known("1.11"))},
			want:  []stop{began, fails("1.10", oneWrite), fails("1.10", noWrite), fails("1.10", noWrite), fails("1.10", noWrite)},
			jobs:  1,
		},
		"it fails while its pods still end": {
			steps: []step{asks, jobEnds(batchv1.JobFailureTarget), jobFails},
			want:  []stop{began, fails("1.10", oneWrite), fails("1.10", noWrite)},
			jobs:  1,
		},
		"it fails, and is asked for again": {
			steps: []step{asks, jobFails, write(Annotation(bluegreen.Retry, "2")), jobSucceeds},
			want:  []stop{began, fails("1.10", oneWrite), began, rests("1.11", oneWrite)},
			jobs:  2,
		},
		"its Job is deleted before it ends": {
			steps: []step{asks, jobGone, later(time.Hour)},
			want:  []stop{began, fails("1.10", oneWrite), fails("1.10", noWrite)},
			jobs:  1,
		},
		"its Job is deleted once it has failed": {
			steps: []step{asks, jobFails, jobGone, write(Lacks(bluegreen.MessageKey, bluegreen.ChecksKey))},
			want:  []stop{began, fails("1.10", oneWrite), fails("1.10", noWrite), fails("1.10", noWrite)},
			jobs:  1,
		},
		"somebody creates another Job under its name": {
			steps: []step{asks, jobCreatedAnew},
			want:  []stop{began, fails("1.10", oneWrite)},
			jobs:  1,
		},
		"the target goes down meanwhile, and comes back": {
			steps: []step{asks, runs(greenStarts), jobSucceeds, runs(known("1.11"))},
			want: []stop{began, waits(ReasonNotAvailable, "1.10", oneWrite), waits(ReasonNotAvailable, "1.10", oneWrite),
				rests("1.11", oneWrite)},
			jobs: 1,
		},
		"the target gets another template meanwhile": {
			steps: []step{asks, runs(known("1.11", Revision("5"), observing, Starting)), runs(known("1.11", Revision("5"), observing)),
				jobSucceeds},
			want: []stop{began, waits(ReasonNotAvailable, "1.10", oneWrite), began, rests("1.11", oneWrite)},
			jobs: 2,
		},
		"the target gets another template, and rolls it out while the pods of the one before answer": {
			steps: []step{asks, runs(known("1.11", Revision("5"), observing, Rolled(1, 4, 3))), later(time.Minute),
				runs(known("1.11", Revision("5"), observing)), jobSucceeds},
			want: []stop{began, starting("1.10", oneWrite), starting("1.10", noWrite), checking("1.10", twoWrites), rests("1.11", oneWrite)},
			jobs: 2,
		},
		"the target is paused with another template": {
			steps: []step{runs(known("1.11", Paused, observing, Rolled(0, 3, 3))), asks, runs(known("1.11", Revision("2"), observing)), jobSucceeds},
			want:  []stop{rest, starting("1.10", oneWrite), checking("1.10", twoWrites), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"kubectl replace takes the revision away, for a moment": {
			steps: []step{write(byHand), asks, jobSucceeds, runs(known("1.11", Revision(""))), runs(known("1.11")), write(approves("1.11"))},
			want: []stop{rest, began, pauses("1.10", oneWrite), {"Paused", ReasonNotChecked, "1.10", noWrite}, pauses("1.10", noWrite),
				rests("1.11", oneWrite)},
			jobs: 1,
		},
		"its Deployment is out of sight for a moment once it has succeeded": {
			steps: []step{write(byHand), asks, jobSucceeds, gone("nginx-1.11"), runs(known("1.11"))},
			want: []stop{rest, began, pauses("1.10", oneWrite), waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				pauses("1.10", oneWrite)},
			jobs: 1,
		},
		"it fails, and checks are switched off in the installation": {
			steps: []step{asks, jobFails, checksDisabled, later(time.Hour)},
			want:  []stop{began, fails("1.10", oneWrite), fails("1.10", noWrite), fails("1.10", noWrite)},
			jobs:  1,
		},
		"it fails just as the template is replaced": {
			steps: []step{asks, runs(known("1.11", changed)), jobFails, runs(known("1.11", Revision("5"), observing))},
			want:  []stop{began, checking("1.10", noWrite), waits(ReasonNotAvailable, "1.10", oneWrite), began},
			jobs:  2,
		},
		"a check is asked for just as the template is replaced": {
			steps: []step{write(byHand, Lacks(bluegreen.PrePromotionCheck)), asks, runs(known("1.11", changed)),
				write(Annotation(bluegreen.PrePromotionCheck, "smoke")), runs(known("1.11", Revision("5"), observing)), jobSucceeds},
			want: []stop{rest, pauses("1.10", oneWrite), pauses("1.10", noWrite), starting("1.10", oneWrite), checking("1.10", twoWrites),
				pauses("1.10", oneWrite)},
			jobs: 1,
		},
		"an autoscaler makes a new generation": {
			steps: []step{asks, runs(known("1.11", changed)), runs(known("1.11", observing)), jobSucceeds},
			want:  []stop{began, checking("1.10", noWrite), checking("1.10", noWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"withdrawn meanwhile, and asked for once more": {
			steps: []step{asks, write(Asks("1.10")), later(time.Second), asks, jobSucceeds},
			want:  []stop{began, rest, rest, began, rests("1.11", oneWrite)},
			jobs:  2,
		},
		"another version is asked for meanwhile": {
			steps: []step{asks, runs(known("1.12")), write(Asks("1.12")), jobSucceeds},
			want:  []stop{began, checking("1.10", noWrite), began, rests("1.12", oneWrite)},
			jobs:  2,
		},
		"then it waits for approval": {
			steps: []step{write(byHand), asks, jobSucceeds, jobGone, write(approves("1.11"))},
			want:  []stop{rest, began, pauses("1.10", oneWrite), pauses("1.10", noWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"approved meanwhile": {
			steps: []step{write(byHand), asks, write(approves("1.11")), jobSucceeds},
			want:  []stop{rest, began, checking("1.10", noWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"a deadline is for getting ready, not for the check": {
			steps: []step{write(inTenMinutes), asks, later(time.Hour), jobSucceeds},
			want:  []stop{rest, began, checking("1.10", noWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"no longer wanted": {
			steps: []step{asks, write(Lacks(bluegreen.PrePromotionCheck))},
			want:  []stop{began, rests("1.11", oneWrite)},
			jobs:  1,
		},
		"wanted of another CronJob": {
			steps: []step{asks, write(Annotation(bluegreen.PrePromotionCheck, "thorough")), jobSucceeds},
			want:  []stop{began, began, rests("1.11", oneWrite)},
			jobs:  2,
		},
		"invalid annotations, and their repair": {
			steps: []step{asks, unanswered(write(Annotation(bluegreen.Ready, "soon"))), jobSucceeds,
				write(Annotation(bluegreen.Ready, "minimum"))},
			want: []stop{began, waits(ReasonInvalid, "1.10", oneWrite), waits(ReasonInvalid, "1.10", noWrite), rests("1.11", oneWrite)},
			jobs: 1,
		},
		"the same manifest, applied again": {
			steps: []step{asks, write(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey, bluegreen.AttemptKey, bluegreen.ChecksKey))},
			want:  []stop{began, checking("1.10", noWrite)},
			jobs:  1,
		},
		"bluegreen's own annotations are lost while the webhook is away": {
			steps: []step{asks, unanswered(write(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey, bluegreen.ChecksKey))), jobSucceeds},
			want:  []stop{began, checking("1.10", oneWrite), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"the CronJob is missing, and is created": {
			steps: []step{inTheWay("CronJob smoke does not exist: create it"), asks, inTheWay(""), jobSucceeds},
			want:  []stop{rest, starting("1.10", oneWrite), checking("1.10", twoWrites), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"a preview does not select it yet": {
			steps: []step{previewOn("1.10"), asks, previewOn("1.11"), jobSucceeds},
			want:  []stop{rest, starting("1.10", oneWrite), checking("1.10", twoWrites), rests("1.11", oneWrite)},
			jobs:  1,
		},
		"checks are switched off in the installation": {
			steps: []step{asks, checksDisabled, jobSucceeds},
			want:  []stop{began, waits(ReasonInvalid, "1.10", oneWrite), waits(ReasonInvalid, "1.10", noWrite)},
			jobs:  1,
		},
		"given back meanwhile": {
			steps: []step{asks, write(Lacks(bluegreen.TargetVersion))},
			want:  []stop{began, unmanaged("1.10", noWrite)},
			jobs:  1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			begin := []step{runs(known("1.10"), known("1.11")), create(Service(Asks("1.10"), byJob))}
			for _, step := range append(begin, test.steps...) {
				step(c)
				c.settle()
			}
			expectWalk(t, c.seen[1:], append([]stop{}, test.want...)...)
			if len(c.checks.started) != test.jobs {
				t.Errorf("started %q, want %d Jobs", c.checks.started, test.jobs)
			}
		})
	}
}

// TestATemplateOfAFollowerIsCheckedToo: another one would get traffic that no check has seen.
func TestATemplateOfAFollowerIsCheckedToo(t *testing.T) {
	jobFor := func(admin *appsv1.Deployment) string {
		deployments := List(known("1.10"), known("1.11"), AdminDeployment("1.10"), admin)
		state := Observe(bluegreen.Read(Managed(Asks("1.11"), byJob)), deployments, true, now).
			With([]bluegreen.Service{bluegreen.Read(Follower())}, deployments)
		state.Checks.Enabled = true
		return decideOn(state).Starts[0].Check.Job
	}
	seen := jobFor(AdminDeployment("1.11", Revision("1"), Rolled(3, 3, 3)))
	if again := jobFor(AdminDeployment("1.11", Revision("1"), Rolled(3, 3, 3), observing)); again != seen {
		t.Errorf("the same template is checked by %s, and again by %s", seen, again)
	}
	if other := jobFor(AdminDeployment("1.11", Revision("2"), Rolled(3, 3, 3))); other == seen {
		t.Errorf("both templates are checked by %s", seen)
	}
}

// TestChecksThatAreSwitchedOffAreToldInOneWay, or the Service would be written for ever.
func TestChecksThatAreSwitchedOffAreToldInOneWay(t *testing.T) {
	c := newCluster(t)
	for _, step := range []step{runs(known("1.10")), create(Service(Asks("1.10"), byJob, afterwards, forTenMinutes)), checksDisabled} {
		step(c)
		c.settle()
	}
	for range 20 {
		if decideOn(c.observed(c.service)).Writes {
			t.Fatal("told in another way")
		}
	}
}
