package admission

import (
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func BenchmarkAdmit(b *testing.B) {
	for name, write := range map[string]serviceWrite{
		"ask": {old: Managed(Owned(Updated("kubectl", OwnsAll))), new: Managed(Asks("1.11"), Owned(Updated("kubectl", OwnsAll)))},
		"switch": {
			old:          Waiting(Owned(Applied("helm", OwnsAll))),
			new:          Waiting(Owned(Applied("helm", OwnsTheRest))),
			byController: true,
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				admit(write)
			}
		})
	}
}
