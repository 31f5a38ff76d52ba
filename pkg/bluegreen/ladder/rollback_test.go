package ladder

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// forTenMinutes has a switch watched.
var forTenMinutes = Annotation(bluegreen.AutoRollback, "10m")

// rolledBack is a Service whose traffic has returned, and the version that is live.
func rolledBack(version string, writes int) stop {
	return stop{"RolledBack", ReasonRolledBack, version, writes}
}

// broke is a Deployment of version 1.11 that lost all pods so long after the switch, at which it ran revision 4.
func broke(after time.Duration, options ...DeploymentOption) *appsv1.Deployment {
	return Deployment("1.11", append([]DeploymentOption{Revision("4"), Broken(0, now.Add(after))}, options...)...)
}

// observing is a newer generation, and a status of that.
func observing(d *appsv1.Deployment) { changed(d); observed(d) }

// TestWhatBreaksAfterASwitchIsLeftAgain: the walks begin with a switch from 1.10 to 1.11, which is watched.
func TestWhatBreaksAfterASwitchIsLeftAgain(t *testing.T) {
	blue, green := Deployment("1.10"), Deployment("1.11", Revision("4"))
	minute := later(time.Minute)
	kept := rests("1.11", noWrite)
	for name, test := range map[string]struct {
		steps []step
		want  []stop // after the switch
	}{
		"not before 10 s": {
			steps: []step{minute, runs(broke(time.Minute)), later(9 * time.Second), later(time.Second)},
			want:  []stop{kept, kept, kept, rolledBack("1.10", oneWrite)},
		},
		"one pod of three": {
			steps: []step{minute, runs(broke(0, Available(2)))},
			want:  []stop{kept, rolledBack("1.10", oneWrite)},
		},
		"it comes back in time, and breaks again": {
			steps: []step{minute, runs(broke(time.Minute)), later(9 * time.Second), runs(green), runs(broke(70 * time.Second)),
				later(10 * time.Second), later(time.Second)},
			want: []stop{kept, kept, kept, kept, kept, kept, rolledBack("1.10", oneWrite)},
		},
		"too late": {
			steps: []step{later(595 * time.Second), runs(broke(595 * time.Second)), later(5 * time.Second), later(time.Hour)},
			want:  []stop{kept, kept, kept, kept},
		},
		"while bluegreen was away, until after the window": {
			steps: []step{runs(broke(time.Minute)), later(time.Hour)},
			want:  []stop{kept, kept},
		},
		"since before the switch, by another clock": {
			steps: []step{runs(broke(-time.Hour)), later(9 * time.Second), later(time.Second)},
			want:  []stop{kept, kept, rolledBack("1.10", oneWrite)},
		},
		"its status is of an older generation": {
			steps: []step{minute, runs(broke(0, changed)), runs(broke(0, observing))},
			want:  []stop{kept, kept, rolledBack("1.10", oneWrite)},
		},
		"another template is rolled out": {
			steps: []step{minute, runs(broke(0, Revision("5"), observing))},
			want:  []stop{kept, kept},
		},
		"it is paused": {
			steps: []step{minute, runs(broke(0, Paused, observing))},
			want:  []stop{kept, kept},
		},
		"it is being deleted": {
			steps: []step{minute, runs(broke(0, Deleting))},
			want:  []stop{kept, kept},
		},
		"its pods are to be ready for longer": {
			steps: []step{minute, runs(broke(0, func(d *appsv1.Deployment) { d.Spec.MinReadySeconds = 600 }))},
			want:  []stop{kept, kept},
		},
		"it was created anew": {
			steps: []step{minute, runs(broke(0, func(d *appsv1.Deployment) { d.UID = "4" }))},
			want:  []stop{kept, kept},
		},
		"another of its version": {
			steps: []step{minute, runs(broke(0, Named("other")))},
			want:  []stop{kept, kept},
		},
		"it is scaled to 0": {
			steps: []step{minute, runs(Deployment("1.11", Revision("4"), Replicas(0), Available(0), observing))},
			want:  []stop{kept, {"Stable", ReasonLiveScaledToZero, "1.11", oneWrite}},
		},
		"an autoscaler asks for more, and they are not there yet": {
			steps: []step{minute, runs(broke(0, Replicas(9), Available(3), observing)), minute,
				runs(broke(0, Replicas(9), Available(2), observing))},
			want: []stop{kept, kept, kept, rolledBack("1.10", oneWrite)},
		},
		"an autoscaler asks for fewer": {
			steps: []step{minute, runs(broke(0, Replicas(1), Available(0), observing))},
			want:  []stop{kept, rolledBack("1.10", oneWrite)},
		},
		"a status that says nothing of availability": {
			steps: []step{minute, runs(Deployment("1.11", Revision("4"), func(d *appsv1.Deployment) { d.Status.Conditions = nil }))},
			want:  []stop{kept, kept},
		},
		"nobody wants it to return any more": {
			steps: []step{runs(broke(0)), write(Lacks(bluegreen.AutoRollback)), minute},
			want:  []stop{kept, kept, kept},
		},
		"for less time than before": {
			steps: []step{runs(broke(0)), write(Annotation(bluegreen.AutoRollback, "11s")), minute},
			want:  []stop{kept, kept, kept},
		},
		"for more time than before": {
			steps: []step{write(Annotation(bluegreen.AutoRollback, "2h")), later(time.Hour), runs(broke(time.Minute))},
			want:  []stop{kept, kept, rolledBack("1.10", oneWrite)},
		},
		"an option is invalid, and mended": {
			steps: []step{runs(broke(0)), unanswered(write(Annotation(bluegreen.Ready, "soon"))), minute, write(Lacks(bluegreen.Ready))},
			want: []stop{kept, {"Waiting", ReasonInvalid, "1.11", oneWrite}, {"Waiting", ReasonInvalid, "1.11", noWrite},
				rolledBack("1.10", oneWrite)},
		},
		"the record is lost": {
			steps: []step{runs(broke(0)), unanswered(write(Lacks(bluegreen.LastSwitchKey))), minute},
			want:  []stop{kept, kept, kept},
		},
		"the record is of another Service": {
			steps: []step{runs(broke(0)), unanswered(write(func(s *corev1.Service) { s.UID = "8" })), minute},
			want:  []stop{kept, rests("1.11", oneWrite), kept},
		},
		"the Service is given back": {
			steps: []step{runs(broke(0)), write(Lacks(bluegreen.TargetVersion)), minute},
			want:  []stop{kept, unmanaged("1.11", noWrite), unmanaged("1.11", noWrite)},
		},
		"the version that was left is asked for": {
			steps: []step{runs(broke(0)), write(Asks("1.10")), minute},
			want:  []stop{kept, rests("1.10", oneWrite), rests("1.10", noWrite)},
		},
		"the version that was left is asked for, and not approved": {
			steps: []step{runs(broke(0)), write(Asks("1.10"), byHand), later(9 * time.Second), later(time.Second), minute},
			want: []stop{kept, pauses("1.11", oneWrite), pauses("1.11", noWrite), rests("1.10", oneWrite),
				rests("1.10", noWrite)},
		},
		"the version that was left is asked for, and not ready": {
			steps: []step{runs(broke(0), Deployment("1.10", Starting)), write(Asks("1.10")), minute, runs(blue)},
			want: []stop{kept, waits(ReasonNotAvailable, "1.11", oneWrite), waits(ReasonNotAvailable, "1.11", noWrite),
				rests("1.10", oneWrite)},
		},
		"a newer ask waits, and goes on": {
			steps: []step{write(Asks("1.12")), runs(broke(0)), minute, runs(Deployment("1.12"))},
			want: []stop{waits(ReasonDeploymentNotFound, "1.11", oneWrite), waits(ReasonDeploymentNotFound, "1.11", noWrite),
				waits(ReasonDeploymentNotFound, "1.10", oneWrite), rests("1.12", oneWrite)},
		},
		"a newer ask is ready": {
			steps: []step{runs(broke(0)), later(5 * time.Second), write(Asks("1.12")), runs(Deployment("1.12")), minute},
			want: []stop{kept, kept, waits(ReasonDeploymentNotFound, "1.11", oneWrite), rests("1.12", oneWrite),
				rests("1.12", noWrite)},
		},
		"a newer ask has failed": {
			steps: []step{write(Asks("1.12"), Annotation(bluegreen.Deadline, "1s")), later(2 * time.Second), runs(broke(0)), minute},
			want: []stop{waits(ReasonDeploymentNotFound, "1.11", oneWrite), fails("1.11", oneWrite), fails("1.11", noWrite),
				fails("1.10", oneWrite)},
		},
		"a newer ask waits for approval": {
			steps: []step{runs(Deployment("1.12")), write(Asks("1.12"), byHand), runs(broke(0)), minute, write(approves("1.12"))},
			want: []stop{kept, pauses("1.11", oneWrite), pauses("1.11", noWrite), pauses("1.10", oneWrite),
				rests("1.12", oneWrite)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := []step{runs(blue, green), create(Service(Asks("1.10"), forTenMinutes)), write(Asks("1.11"))}
			got := walk(t, append(began, test.steps...)...)
			expectWalk(t, got[1:], append([]stop{rests("1.11", oneWrite)}, test.want...)...)
		})
	}
}
