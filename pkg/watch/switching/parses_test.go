package switching

import (
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestAReconcileReadsItsServiceOnce: the test that it runs reconciles twice, a switch and the rest after it.
func TestAReconcileReadsItsServiceOnce(t *testing.T) {
	if got := CountParses(t, "-run=^TestASwitchIsOnePatchOfSelectorAndPhaseWithTheResourceVersion$"); got != 2 {
		t.Errorf("the annotations were read %d times in a switch and the rest after it, want 2", got)
	}
}
