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
