package ladder

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

var byHand = Annotation(bluegreen.Promote, "manual")

func approves(version string) ServiceOption { return Annotation(bluegreen.ApprovedVersion, version) }

// pauses is a Service whose target is ready, and waits for approval.
func pauses(version string, writes int) stop {
	return stop{"Paused", ReasonNotApproved, version, writes}
}

// changed is a newer generation, and observed a status of the newest.
func changed(d *appsv1.Deployment)  { d.Generation++ }
func observed(d *appsv1.Deployment) { d.Status.ObservedGeneration = d.Generation }

func TestAVersionThatIsReadyWaitsForItsApproval(t *testing.T) {
	blue, green, greenStarts := Deployment("1.10"), Deployment("1.11"), Deployment("1.11", Starting)
	for name, test := range map[string]struct {
		steps []step
		want  []stop // after the Service is created
	}{
		"approved once it is ready": {
			steps: []step{runs(green), write(Asks("1.11")), write(approves("1.11"))},
			want:  []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), rests("1.11", oneWrite)},
		},
		"approved before it is ready": {
			steps: []step{runs(greenStarts), write(Asks("1.11")), write(approves("1.11")), runs(green)},
			want: []stop{rests("1.10", noWrite), waits(ReasonNotAvailable, "1.10", oneWrite), waits(ReasonNotAvailable, "1.10", noWrite),
				rests("1.11", oneWrite)},
		},
		"approved with the ask": {
			steps: []step{runs(green), write(Asks("1.11"), approves("1.11"))},
			want:  []stop{rests("1.10", noWrite), rests("1.11", oneWrite)},
		},
		"another version approved": {
			steps: []step{runs(green), write(Asks("1.11"), approves("1.12")), write(approves("1.10"))},
			want:  []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), pauses("1.10", noWrite)},
		},
		"an approval taken back in time": {
			steps: []step{runs(greenStarts), write(Asks("1.11"), approves("1.11")), write(Lacks(bluegreen.ApprovedVersion)), runs(green)},
			want: []stop{rests("1.10", noWrite), waits(ReasonNotAvailable, "1.10", oneWrite), waits(ReasonNotAvailable, "1.10", noWrite),
				pauses("1.10", oneWrite)},
		},
		"ready no longer once it is approved": {
			steps: []step{runs(green), write(Asks("1.11")), runs(greenStarts), write(approves("1.11")), runs(green)},
			want: []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), waits(ReasonNotAvailable, "1.10", oneWrite),
				waits(ReasonNotAvailable, "1.10", noWrite), rests("1.11", oneWrite)},
		},
		"its Deployment changes, and its status follows": {
			steps: []step{runs(green), write(Asks("1.11")), runs(Deployment("1.11", changed)), runs(Deployment("1.11", changed, observed)),
				runs(Deployment("1.11", changed, observed, Starting)), runs(Deployment("1.11", changed, observed, Starting, changed))},
			want: []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), pauses("1.10", noWrite), pauses("1.10", noWrite),
				waits(ReasonNotAvailable, "1.10", oneWrite), waits(ReasonNotAvailable, "1.10", noWrite)},
		},
		"its Deployment changes as it is approved": {
			steps: []step{runs(green), write(Asks("1.11")), runs(Deployment("1.11", changed)), write(approves("1.11")),
				runs(Deployment("1.11", changed, observed))},
			want: []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), pauses("1.10", noWrite), waits(ReasonNotAvailable, "1.10", oneWrite),
				rests("1.11", oneWrite)},
		},
		"the same manifest, applied again": {
			steps: []step{runs(green), write(Asks("1.11")), write(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey, bluegreen.AttemptKey))},
			want:  []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), pauses("1.10", noWrite)},
		},
		"promotion made automatic": {
			steps: []step{runs(green), write(Asks("1.11")), write(Lacks(bluegreen.Promote))},
			want:  []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), rests("1.11", oneWrite)},
		},
		"withdrawn, and the approval stays": {
			steps: []step{runs(green), write(Asks("1.11"), approves("1.12")), write(Asks("1.10")), write(Asks("1.12")), runs(Deployment("1.12"))},
			want: []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), rests("1.10", noWrite),
				waits(ReasonDeploymentNotFound, "1.10", oneWrite), rests("1.12", oneWrite)},
		},
		"back to the version before needs its own approval": {
			steps: []step{runs(green), write(Asks("1.11"), approves("1.11")), write(Asks("1.10")), write(approves("1.10"))},
			want:  []stop{rests("1.10", noWrite), rests("1.11", oneWrite), pauses("1.11", oneWrite), rests("1.10", oneWrite)},
		},
		"a deadline is for getting ready, not for approval": {
			steps: []step{runs(green), write(Asks("1.11"), inTenMinutes), later(time.Hour), runs(greenStarts), later(time.Hour), runs(green),
				write(approves("1.11"))},
			want: []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), pauses("1.10", noWrite), waits(ReasonNotAvailable, "1.10", oneWrite),
				waits(ReasonNotAvailable, "1.10", noWrite), pauses("1.10", oneWrite), rests("1.11", oneWrite)},
		},
		"an approval does not revive what failed": {
			steps: []step{runs(greenStarts), write(Asks("1.11"), inTenMinutes), later(time.Hour), runs(green), write(approves("1.11")),
				write(Annotation(bluegreen.Retry, "2"))},
			want: []stop{rests("1.10", noWrite), waits(ReasonNotAvailable, "1.10", oneWrite), fails("1.10", oneWrite), fails("1.10", noWrite),
				fails("1.10", noWrite), rests("1.11", oneWrite)},
		},
		"asked for and approved while the webhook is away": {
			steps: []step{runs(green), unanswered(write(Asks("1.11"))), unanswered(write(approves("1.11")))},
			want:  []stop{rests("1.10", noWrite), pauses("1.10", oneWrite), rests("1.11", oneWrite)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := walk(t, append([]step{runs(blue), create(Service(Asks("1.10"), byHand))}, test.steps...)...)
			expectWalk(t, got[1:], test.want...)
		})
	}
}

func TestAVersionThatWaitsForApprovalIsProtectedAndSaysHowToApprove(t *testing.T) {
	action := decide(Managed(Asks("1.11"), byHand), Deployment("1.10"), Deployment("1.11"))
	want := "Version 1.11 is ready, and waits for approval: kubectl annotate service nginx -n shop bluegreen/approved-version=1.11 --overwrite"
	if action.Reason != ReasonNotApproved || action.Message != want || action.Warning {
		t.Errorf("got %+v", action)
	}
	if action.Told != "Asked to move from version 1.10 to version 1.11: "+want {
		t.Errorf("told %q", action.Told)
	}
	if len(action.Protect) != 2 {
		t.Errorf("protects %v", action.Protect)
	}
}

func TestALiveSlotIsNotRolledOutForAVersionThatIsNotApproved(t *testing.T) {
	action := decide(Managed(Asks("1.12"), byHand), HeldSlot())
	want := held(ReasonNotApproved, "Deployment nginx-blue: serves, and its rollout to version 1.12 waits for approval: kubectl annotate "+
		"service nginx -n shop bluegreen/approved-version=1.12 --overwrite")
	want.expect(t, action)
}
