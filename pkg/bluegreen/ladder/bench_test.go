package ladder

import (
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func BenchmarkDecide(b *testing.B) {
	state := observe(Waiting(), List(Deployment("1.10", Protected), Deployment("1.11", Protected)))
	b.ReportAllocs()
	for b.Loop() {
		decideOn(state)
	}
}
