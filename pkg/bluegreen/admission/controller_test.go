package admission

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule3TheControllersWritePassesThrough(t *testing.T) {
	green := PodsOf("1.11")
	admitAll(t, map[string]serviceCase{
		"the switch": {
			byController: true,
			old:          Waiting(),
			new:          OnGreen(),
			selector:     green,
			annotations:  StableOn("1.11"),
		},
		"a message and a target that another webhook made up": {
			byController: true,
			old:          Managed(Asks("1.11")),
			new:          Waiting(Asks("6.66"), SelectsVersion("6.66")),
			selector:     PodsOf("1.10"),
			annotations:  WaitingFor("6.66", "not yet"),
		},
		"a message": {
			byController: true,
			old:          Managed(Asks("1.11")),
			new:          Waiting(),
			selector:     PodsOf("1.10"),
			annotations:  WaitingFor("1.11", "not yet"),
		},
		"the end of giving back": {
			byController: true,
			old:          Managed(Lacks(bluegreen.TargetVersion)),
			new:          Service(),
			selector:     PodsOf("1.10"),
		},
		"a Service that nobody could switch": {
			byController: true,
			old:          Managed(ExternalName),
			new:          Managed(ExternalName, Annotation(bluegreen.PhaseKey, "Waiting")),
			selector:     PodsOf("1.10"),
			annotations:  Pairs(bluegreen.TargetVersion, "1.10", bluegreen.PhaseKey, "Waiting"),
		},
		"the switch, which another webhook led elsewhere": {
			byController: true,
			old:          Waiting(),
			new:          Managed(Asks("1.11"), SelectsVersion("6.66")),
			selector:     green,
			annotations:  StableOn("1.11"),
		},
		"a message, with which another webhook moves traffic": {
			byController: true,
			old:          Managed(Asks("1.11")),
			new:          Waiting(SelectsVersion("6.66")),
			selector:     PodsOf("1.10"),
			annotations:  WaitingFor("1.11", "not yet"),
		},
	})
}
