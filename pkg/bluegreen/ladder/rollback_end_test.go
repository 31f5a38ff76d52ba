package ladder

import (
	"cmp"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestARollbackIsTheEndOfItsAsk: these walks begin with one.
func TestARollbackIsTheEndOfItsAsk(t *testing.T) {
	blue, green := Deployment("1.10"), Deployment("1.11", Revision("4"))
	own := []string{bluegreen.AttemptKey, bluegreen.LastSwitchKey, bluegreen.PhaseKey, bluegreen.MessageKey}
	stays := rolledBack("1.10", noWrite)
	for name, test := range map[string]struct {
		steps []step
		want  []stop
	}{
		"its version comes back": {
			steps: []step{runs(green), later(time.Hour)},
			want:  []stop{stays, stays},
		},
		"applied again": {
			steps: []step{runs(green), write(), write(SelectsVersion("1.11")), write(SelectsVersion("1.10")), write(Lacks(own...))},
			want:  []stop{stays, stays, stays, stays, stays},
		},
		"phase and message lost while the webhook is away": {
			steps: []step{runs(green), unanswered(write(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey)))},
			want:  []stop{stays, rolledBack("1.10", oneWrite)},
		},
		"approved": {
			steps: []step{runs(green), write(byHand, approves("1.11"))},
			want:  []stop{stays, stays},
		},
		"a deadline, and its end": {
			steps: []step{write(inTenMinutes), later(time.Hour), runs(green)},
			want:  []stop{stays, stays, stays},
		},
		"no rollback wanted any more": {
			steps: []step{runs(green), write(Lacks(bluegreen.AutoRollback))},
			want:  []stop{stays, stays},
		},
		"an invalid option, mended": {
			steps: []step{runs(green), unanswered(write(Annotation(bluegreen.Ready, "soon"))), write(Lacks(bluegreen.Ready))},
			want:  []stop{stays, {"Waiting", ReasonInvalid, "1.10", oneWrite}, rolledBack("1.10", oneWrite)},
		},
		"what it returned to breaks too": {
			steps: []step{runs(green, Deployment("1.10", Broken(0, now))), later(time.Minute)},
			want:  []stop{stays, stays},
		},
		"asked for again, ready": {
			steps: []step{runs(green), write(Annotation(bluegreen.Retry, "2"))},
			want:  []stop{stays, rests("1.11", oneWrite)},
		},
		"asked for again, not ready, and it breaks again": {
			steps: []step{write(Annotation(bluegreen.Retry, "2")), runs(green), later(time.Minute), runs(broke(2 * time.Minute)),
				later(time.Minute)},
			want: []stop{waits(ReasonNotAvailable, "1.10", oneWrite), rests("1.11", oneWrite), rests("1.11", noWrite), rests("1.11", noWrite),
				rolledBack("1.10", oneWrite)},
		},
		"another version": {
			steps: []step{runs(Deployment("1.12")), write(Asks("1.12"))},
			want:  []stop{stays, rests("1.12", oneWrite)},
		},
		"withdrawn": {
			steps: []step{write(Asks("1.10")), runs(green), later(time.Minute)},
			want:  []stop{rests("1.10", noWrite), rests("1.10", noWrite), rests("1.10", noWrite)},
		},
		"withdrawn, and asked for again": {
			steps: []step{write(Asks("1.10")), runs(green), write(Asks("1.11"))},
			want:  []stop{rests("1.10", noWrite), rests("1.10", noWrite), rests("1.11", oneWrite)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := []step{runs(blue, green), create(Service(Asks("1.10"), forTenMinutes)), write(Asks("1.11")), runs(broke(0)), later(time.Minute)}
			got := walk(t, append(began, test.steps...)...)
			expectWalk(t, got[3:], append([]stop{rolledBack("1.10", oneWrite)}, test.want...)...)
		})
	}
}

// TestTrafficReturnsToWhatPassesTheGate: a minute after a switch from 1.10 to 1.11 the latter breaks.
func TestTrafficReturnsToWhatPassesTheGate(t *testing.T) {
	stays := fails("1.11", noWrite)
	for name, test := range map[string]struct {
		blue  *appsv1.Deployment
		ready bluegreen.Readiness // minimum if empty
		steps []step
		want  []stop // once green has been broken for a minute
	}{
		"only bluegreen keeps it": {
			blue: Deployment("1.10", Kept),
			want: []stop{rolledBack("1.10", oneWrite)},
		},
		"it has fewer available replicas than what is live": {
			blue:  Deployment("1.10", Available(1)),
			ready: bluegreen.MatchLive,
			want:  []stop{rolledBack("1.10", oneWrite)},
		},
		"its rollout is not complete": {
			blue:  Deployment("1.10", Available(2)),
			ready: bluegreen.Complete,
			want:  []stop{fails("1.11", oneWrite)},
		},
		"another finalizer keeps it": {
			blue: Deployment("1.10", Deleting),
			want: []stop{fails("1.11", oneWrite)},
		},
		"it is gone": {
			blue: Deployment("1.9"),
			want: []stop{fails("1.11", oneWrite)},
		},
		"scaled to 0": {
			blue: Deployment("1.10", Replicas(0), Available(0)),
			want: []stop{fails("1.11", oneWrite)},
		},
		"new labels": {
			blue: Slot(Version("1.12"), Paused, Noting(bluegreen.ResumeAfter, "3/3/3")),
			want: []stop{fails("1.11", oneWrite)},
		},
		"not available, and it stays with that": {
			blue: Deployment("1.10", Starting),
			steps: []step{runs(Deployment("1.10")), write(Lacks(bluegreen.LastSwitchKey, bluegreen.PhaseKey)),
				runs(Deployment("1.11", Revision("4"))), later(8*time.Minute - time.Second), later(time.Second),
				write(Annotation(bluegreen.AutoRollback, "2h")), runs(broke(time.Hour))},
			want: []stop{fails("1.11", oneWrite), stays, stays, stays, stays, rests("1.11", oneWrite), fails("1.11", oneWrite), stays},
		},
		"not available, and it is asked for then": {
			blue:  Deployment("1.10", Starting),
			steps: []step{write(Asks("1.10")), runs(Deployment("1.10"))},
			want:  []stop{fails("1.11", oneWrite), waits(ReasonNotAvailable, "1.11", oneWrite), rests("1.10", oneWrite)},
		},
		"not available, and nobody wants it to return any more": {
			blue:  Deployment("1.10", Starting),
			steps: []step{write(Lacks(bluegreen.AutoRollback))},
			want:  []stop{fails("1.11", oneWrite), rests("1.11", oneWrite)},
		},
		"its status is about to follow": {
			blue:  Deployment("1.10", changed),
			steps: []step{runs(Deployment("1.10", observing))},
			want:  []stop{rests("1.11", noWrite), rolledBack("1.10", oneWrite)},
		},
		"its status is about to follow, and only bluegreen keeps it": {
			blue:  Deployment("1.10", Kept, changed),
			steps: []step{runs(Deployment("1.10", Kept, observing))},
			want:  []stop{rests("1.11", noWrite), rolledBack("1.10", oneWrite)},
		},
		"not available, while a newer ask waits": {
			blue:  Deployment("1.10", Starting),
			steps: []step{write(Asks("1.12")), runs(Deployment("1.10")), runs(Deployment("1.12"))},
			want: []stop{fails("1.11", oneWrite), waits(ReasonDeploymentNotFound, "1.11", oneWrite),
				waits(ReasonDeploymentNotFound, "1.11", noWrite), rests("1.12", oneWrite)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ready := Annotation(bluegreen.Ready, string(cmp.Or(test.ready, bluegreen.Minimum)))
			began := []step{runs(Deployment("1.10"), Deployment("1.11", Revision("4"))), create(Service(Asks("1.10"), forTenMinutes)),
				write(Asks("1.11")), gone("nginx-1.10"), runs(test.blue), runs(broke(time.Minute, Available(2))), write(ready),
				later(2 * time.Minute)}
			got := walk(t, append(began, test.steps...)...)
			expectWalk(t, got[6:], test.want...)
		})
	}
}
