package admission

import (
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func BenchmarkAdmit(b *testing.B) {
	for name, write := range map[string]serviceWrite{
		"ask":    {Old: Managed(Owned(Updated("kubectl", OwnsAll))), New: Managed(Asks("1.11"), Owned(Updated("kubectl", OwnsAll)))},
		"switch": {Old: Waiting(Owned(Applied("helm", OwnsAll))), New: Waiting(Owned(Applied("helm", OwnsTheRest))), ByController: true},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				admit(write)
			}
		})
	}
}
