package ladder

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestASelectorWithoutAVersionIsMatchedByWhatItIsToLeave(t *testing.T) {
	for name, test := range map[string]struct {
		available int32
		reason    Reason
	}{
		"as many":  {available: 3, reason: ReasonSwitched},
		"one less": {available: 2, reason: ReasonFewerThanLive},
	} {
		t.Run(name, func(t *testing.T) {
			green := Deployment("1.11", Rolled(3, 3, test.available))
			service := Waiting(Selects("name", "nginx"), Annotation(bluegreen.Ready, string(bluegreen.MatchLive)))
			expectReason(t, decide(service, Deployment("1.10"), green), test.reason)
		})
	}
}

func TestHowReadyTheTargetMustBeIsTheServicesToSay(t *testing.T) {
	const (
		notComplete = "Deployment nginx-1.11: waiting for every replica to be updated and available"
		isPaused    = "Deployment nginx-1.11: is paused, and bluegreen/ready=complete asks for a complete rollout: " +
			"kubectl rollout resume deployment nginx-1.11 -n shop"
		fewer = "Version 1.11: waiting for as many available replicas as version 1.10 has"
	)
	for name, test := range map[string]struct {
		ready       bluegreen.Readiness
		deployments []*appsv1.Deployment
		want        decided
	}{
		"complete: all there": {
			ready:       bluegreen.Complete,
			deployments: List(Deployment("1.11", Rolled(3, 3, 3))),
			want:        movedTo("1.11"),
		},
		"complete: one not available": {
			ready:       bluegreen.Complete,
			deployments: List(Deployment("1.11", Rolled(3, 3, 2))),
			want:        held(ReasonNotComplete, notComplete),
		},
		"complete: one of the template before": {
			ready:       bluegreen.Complete,
			deployments: List(Deployment("1.11", Rolled(2, 3, 3))),
			want:        held(ReasonNotComplete, notComplete),
		},
		"complete: one too many yet": {
			ready:       bluegreen.Complete,
			deployments: List(Deployment("1.11", Rolled(3, 4, 3))),
			want:        held(ReasonNotComplete, notComplete),
		},
		"complete: paused": {
			ready:       bluegreen.Complete,
			deployments: List(Deployment("1.11", Rolled(3, 3, 3), Paused)),
			want:        held(ReasonPaused, isPaused),
		},
		"complete: not even the minimum": {
			ready:       bluegreen.Complete,
			deployments: List(Deployment("1.11", Starting)),
			want:        held(ReasonNotAvailable, notYet),
		},
		"minimum: paused": {
			ready:       bluegreen.Minimum,
			deployments: List(Deployment("1.11", Paused)),
			want:        movedTo("1.11"),
		},
		"minimum: amid a rollout": {
			ready:       bluegreen.Minimum,
			deployments: List(Deployment("1.11", Rolled(1, 4, 3))),
			want:        movedTo("1.11"),
		},
		"match-live: as many": {
			ready:       bluegreen.MatchLive,
			deployments: List(Deployment("1.10"), Deployment("1.11")),
			want:        movedTo("1.11"),
		},
		"match-live: fewer": {
			ready:       bluegreen.MatchLive,
			deployments: List(Deployment("1.10"), Deployment("1.11", Rolled(2, 2, 2))),
			want:        held(ReasonFewerThanLive, fewer),
		},
		"match-live: fewer than two live": {
			ready:       bluegreen.MatchLive,
			deployments: List(Deployment("1.10"), Deployment("1.10", Named("more")), Deployment("1.11")),
			want:        held(ReasonFewerThanLive, fewer),
		},
		"match-live: together as many": {
			ready:       bluegreen.MatchLive,
			deployments: List(Deployment("1.10"), Deployment("1.11", Rolled(1, 1, 1)), Deployment("1.11", Named("more"), Rolled(2, 2, 2))),
			want:        movedTo("1.11"),
		},
		"match-live: nothing live is left": {
			ready:       bluegreen.MatchLive,
			deployments: List(Deployment("1.11")),
			want:        movedTo("1.11"),
		},
		"match-live: the live one is down": {
			ready:       bluegreen.MatchLive,
			deployments: List(Deployment("1.10", Starting), Deployment("1.11", Rolled(1, 1, 1))),
			want:        movedTo("1.11"),
		},
		"match-live: not even the minimum": {
			ready:       bluegreen.MatchLive,
			deployments: List(Deployment("1.10", Starting), Deployment("1.11", Starting)),
			want:        held(ReasonNotAvailable, notYet),
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.expect(t, decide(Waiting(Annotation(bluegreen.Ready, string(test.ready))), test.deployments...))
		})
	}
}
