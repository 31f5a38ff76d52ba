package ladder

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestTroubleOfWhatServesIsTold(t *testing.T) {
	const (
		frozen = "Deployment nginx-1.10: serves and is being deleted: its pods are kept, and its spec is frozen, until traffic moves; " +
			"ask for another version to finish its deletion, " +
			"or take its pods over: kubectl delete deployment nginx-1.10 -n shop --cascade=orphan --wait=false, and apply its manifest again"
		empty = "Deployment nginx-1.10: serves and has 0 replicas: scale it up, or ask for another version"
	)
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		reason      Reason
		phase       bluegreen.Phase
		message     string
	}{
		"kept, at rest": {
			service:     Managed(),
			deployments: List(Deployment("1.10", Kept)),
			reason:      ReasonLiveDeleting,
			phase:       bluegreen.Stable,
			message:     frozen,
		},
		"kept, while held": {
			service:     Waiting(),
			deployments: List(Deployment("1.10", Kept), Deployment("1.11", Starting)),
			reason:      ReasonNotAvailable,
			phase:       bluegreen.Waiting,
			message:     notYet + "; " + frozen,
		},
		"deleted by another": {
			service:     Managed(),
			deployments: List(Deployment("1.10", Deleting)),
			reason:      ReasonStable,
			phase:       bluegreen.Stable,
		},
		"scaled to 0": {
			service:     Managed(),
			deployments: List(Deployment("1.10", Replicas(0))),
			reason:      ReasonLiveScaledToZero,
			phase:       bluegreen.Stable,
			message:     empty,
		},
		"one of two at 0": {
			service:     Managed(),
			deployments: List(Deployment("1.10", Replicas(0)), Deployment("1.10", Named("more"))),
			reason:      ReasonStable,
			phase:       bluegreen.Stable,
		},
		"moving ends it": {
			service:     Waiting(),
			deployments: List(Deployment("1.10", Kept), Deployment("1.11")),
			reason:      ReasonSwitched,
			phase:       bluegreen.Stable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(test.service, test.deployments...)
			if action.Reason != test.reason {
				t.Errorf("reason %s", action.Reason)
			}
			if got := OwnAnnotations(action.Service); got[bluegreen.PhaseKey] != string(test.phase) || got[bluegreen.MessageKey] != test.message {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestNewLabelsOfWhatServesAreToldWhereNothingIsAskedFor(t *testing.T) {
	const told = "Deployment nginx-blue: serves name=nginx,version=1.10, and its new pod labels would take its pods out of the Service, " +
		"so its rollout is paused: put the labels back"
	action := decide(Managed(), HeldSlot())
	held(ReasonLiveRelabelled, told+", or ask for bluegreen/target-version=1.12").expect(t, action)
	if !action.Warning {
		t.Error("it is no warning")
	}
	action = decide(Managed(), HeldSlot(Labelled("name", "apache", "version", "1.10")))
	if action.Message != told {
		t.Errorf("got %s", action.Message)
	}
	action = decide(Waiting(), HeldSlot(), Deployment("1.11", Starting))
	if action.Reason != ReasonNotAvailable || strings.Contains(action.Message, "paused") {
		t.Errorf("while a switch waits it is as it should be: %s", action.Message)
	}
}
