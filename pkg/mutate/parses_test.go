package mutate

import (
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestAReviewReadsEachServiceOnce: what is stored, and what is wanted.
func TestAReviewReadsEachServiceOnce(t *testing.T) {
	if got := CountParses(t, "-run=^$", "-bench=^BenchmarkReview$", "-benchtime=1x"); got != 2 {
		t.Errorf("the annotations were read %d times, want 2", got)
	}
}
