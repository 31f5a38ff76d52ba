package ladder

import (
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestASwitchToFewerReplicasThanServeIsSaidInTimeAndWhenItIsDone(t *testing.T) {
	const (
		inTime = notYet + "; version 1.11 has fewer replicas than version 1.10, and traffic moves all the same: " +
			"scale it up, or set bluegreen/ready=match-live to wait for as many"
		moved = "Traffic moved from version 1.10 to version 1.11"
		done  = moved + "; it has 3 available replicas, where version 1.10 had 40: scale it up if it needs as many"
	)
	forty := Deployment("1.10", Replicas(40), Available(40))
	for name, test := range map[string]struct {
		walk    Action
		want    decided
		warning bool
	}{
		"while it waits": {
			walk:    decide(Waiting(), forty, Deployment("1.11", Starting)),
			want:    held(ReasonNotAvailable, inTime),
			warning: true,
		},
		"when it is done": {
			walk:    decide(Waiting(), forty, Deployment("1.11")),
			want:    decided{ReasonSwitched, done},
			warning: true,
		},
		"as many wait": {
			walk: decide(Waiting(), Deployment("1.10"), Deployment("1.11", Starting)),
			want: held(ReasonNotAvailable, notYet),
		},
		"as many are there": {
			walk: decide(Waiting(), Deployment("1.10"), Deployment("1.11")),
			want: movedTo("1.11"),
		},
		"what is live is down": {
			walk: decide(Waiting(), Deployment("1.10", Replicas(40), Available(0)), Deployment("1.11", Starting)),
			want: held(ReasonNotAvailable, notYet),
		},
		"what is live has pods to spare while it rolls out": {
			walk: decide(Waiting(), Deployment("1.10", Replicas(3), Available(4)), Deployment("1.11", Starting)),
			want: held(ReasonNotAvailable, notYet),
		},
		"the Service waits for as many": {
			walk: decide(Waiting(Annotation("bluegreen/ready", "match-live")), forty, Deployment("1.11", Starting)),
			want: held(ReasonNotAvailable, notYet),
		},
		"none yet, which is said anyway": {
			walk: decide(Waiting(), forty, Deployment("1.11", Replicas(0))),
			want: scaledToZero("nginx-1.11"),
		},
		"two Deployments together": {
			walk: decide(Waiting(), Deployment("1.10", Replicas(6), Available(6)), Deployment("1.11", Starting),
				Deployment("1.11", Named("nginx-more"), Starting)),
			want: held(ReasonNotAvailable, notYet),
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.expect(t, test.walk)
			if test.walk.Warning != test.warning {
				t.Errorf("warning: %t", test.walk.Warning)
			}
		})
	}
}

func TestAnAutoscalerDoesNotMakeTheMessageFlap(t *testing.T) {
	got := walk(t,
		runs(Deployment("1.10", Replicas(40), Available(40)), Deployment("1.11", Starting)),
		create(Service(Asks("1.10"))),
		write(Asks("1.11")),
		runs(Deployment("1.10", Replicas(41), Available(40))),
		runs(Deployment("1.10", Replicas(39), Available(41))),
		runs(Deployment("1.10", Replicas(4), Available(3))),
		runs(Deployment("1.10", Replicas(4), Available(4))),
		runs(Deployment("1.11", Starting, Replicas(20))),
	)
	expectWalk(t, got,
		rests("1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", oneWrite),
		waits(ReasonNotAvailable, "1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", oneWrite),
	)
}
