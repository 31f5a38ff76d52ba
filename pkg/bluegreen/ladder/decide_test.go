package ladder

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

const notYet = "Deployment nginx-1.11: waiting for MinimumReplicasAvailable"

func TestDecideWithoutAPendingSwitch(t *testing.T) {
	for name, test := range map[string]struct {
		service     *corev1.Service
		reason      Reason
		annotations map[string]string
		writes      bool
	}{
		"stable": {
			service:     Managed(),
			reason:      ReasonStable,
			annotations: StableOn("1.10"),
		},
		"stable, the webhook never ran": {
			service:     Service(Asks("1.10")),
			reason:      ReasonStable,
			annotations: StableOn("1.10"),
			writes:      true,
		},
		"stable, with somebody's edits": {
			service:     Managed(Annotation(bluegreen.PhaseKey, "Failed"), Annotation(bluegreen.MessageKey, "x")),
			reason:      ReasonStable,
			annotations: StableOn("1.10"),
			writes:      true,
		},
		"unmanaged": {service: Service(), reason: ReasonNotManaged},
		"unmanaged, with others' annotations": {
			service:     Service(Annotation("example.org/a", "b")),
			reason:      ReasonNotManaged,
			annotations: Pairs("example.org/a", "b"),
		},
		"given back while the webhook was away": {
			service: Waiting(Lacks(bluegreen.TargetVersion)),
			reason:  ReasonNotManaged,
			writes:  true,
		},
		"a label on the version of the target": {
			service:     Managed(Annotation(bluegreen.VersionLabel, "name"), Asks("nginx")),
			reason:      ReasonStable,
			annotations: Pairs(bluegreen.TargetVersion, "nginx", bluegreen.VersionLabel, "name", bluegreen.PhaseKey, "Stable"),
		},
		"withdrawn while the webhook was away": {
			service:     Waiting(Asks("1.10")),
			reason:      ReasonStable,
			annotations: StableOn("1.10"),
			writes:      true,
		},
		"moved behind our back to what was asked": {
			service:     Waiting(SelectsVersion("1.11")),
			reason:      ReasonStable,
			annotations: StableOn("1.11"),
			writes:      true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(test.service)
			if action.Reason != test.reason || action.Message != "" {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
			if got := action.Writes; got != test.writes {
				t.Errorf("writes: got %v", got)
			}
			EqualMaps(t, "annotations", Unrecorded(action.Service), test.annotations)
			EqualMaps(t, "selector", action.Service.Spec.Selector, test.service.Spec.Selector)
		})
	}
}

func TestTheMessageOfAnInvalidAskNamesFieldAndValue(t *testing.T) {
	action := decide(Service(Asks("not a label!")))
	want := `metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!": must be a label value: `
	if action.Reason != ReasonInvalid || len(action.Message) < len(want) || action.Message[:len(want)] != want {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	EqualMaps(t, "annotations", Unrecorded(action.Service), WaitingFor("not a label!", action.Message))
}

func TestTheSameStateLeadsToTheSameMessageInWhateverOrderDeploymentsAreListed(t *testing.T) {
	deployments := List(
		Deployment("1.11", Named("c"), Starting),
		Deployment("1.11", Named("a"), Starting),
		Deployment("1.11", Named("b"), Starting),
	)
	for range deployments {
		deployments = append(deployments[1:], deployments[0])
		action := decide(Waiting(), slices.Clone(deployments)...)
		if want := "Deployment a: waiting for MinimumReplicasAvailable"; action.Message != want {
			t.Errorf("got %q", action.Message)
		}
	}
}

func TestAMessageFitsIntoAnEvent(t *testing.T) {
	action := decide(Service(Asks(strings.Repeat("é!", 5000))))
	if len(action.Message) > 1024 || !utf8.ValidString(action.Message) || !strings.HasPrefix(action.Message, "metadata.annotations[") {
		t.Errorf("%d bytes: %q", len(action.Message), action.Message)
	}
}

func TestAnInvalidAskMovesNothingHoweverReadyItsDeploymentIs(t *testing.T) {
	for name, option := range map[string]ServiceOption{
		"bad target":        Asks("not a label!"),
		"empty target":      Asks(""),
		"bad version label": Annotation(bluegreen.VersionLabel, "not a label!"),
		"unknown key":       Annotation("bluegreen/follows", "web"),
		"ExternalName":      ExternalName,
		"no selector":       Selects(),
	} {
		t.Run(name, func(t *testing.T) {
			observed := Service(Asks("1.11"), option)
			action := decideWithTarget(observed, Deployment("1.11"))
			if action.Reason != ReasonInvalid || action.Message == "" {
				t.Errorf("got %s: %q", action.Reason, action.Message)
			}
			EqualMaps(t, "selector", action.Service.Spec.Selector, observed.Spec.Selector)
			if found := bluegreen.Read(observed).IndexKeys(); slices.Contains(found, "version=1.11") {
				t.Errorf("it waits for its target: %q", found)
			}
			if state := observe(observed, List(Deployment("1.11"))); len(state.Target) > 0 {
				t.Errorf("it has a target: %v", state.Target)
			}
		})
	}
}
