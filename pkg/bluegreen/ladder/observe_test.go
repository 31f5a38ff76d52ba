package ladder

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWhatServesAndIsAskedForAtOnceCountsOnce(t *testing.T) {
	adopted := Waiting(Selects("name", "nginx"), Annotation(bluegreen.Ready, string(bluegreen.MatchLive)))
	state := observe(adopted, List(Deployment("1.11")))
	if action := decideOn(state); action.Reason != ReasonSwitched {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	if again := observedAgain(state); len(again.Target)+len(again.Live) > 0 {
		t.Errorf("a target that is gone is still there: %v", again)
	}
}

func TestWhatPodsAreLeftOfTheTargetIsKnownAfterAnotherLookToo(t *testing.T) {
	state := observe(Waiting(), List(Deployment("1.10"), Deployment("1.11", Protected, Version("1.12"))))
	before, after := decideOn(state), decideOn(observedAgain(state))
	if before.Message != after.Message {
		t.Errorf("got %q, then %q", before.Message, after.Message)
	}
}
