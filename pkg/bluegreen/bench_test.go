package bluegreen

import "testing"

func BenchmarkAdmit(b *testing.B) {
	for name, write := range map[string]Write{
		"ask":    {Old: managed(owned(update("kubectl", ownsAll))), New: managed(asks("1.11"), owned(update("kubectl", ownsAll)))},
		"switch": {Old: waiting(owned(applied("helm", ownsAll))), New: waiting(owned(applied("helm", ownsTheRest))), ByController: true},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Admit(write)
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	state := Observe(waiting(), list(deployment("1.10", protected), deployment("1.11", protected)))
	b.ReportAllocs()
	for b.Loop() {
		Decide(state)
	}
}
