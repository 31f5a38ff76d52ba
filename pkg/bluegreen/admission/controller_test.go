package admission

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule3TheControllersWritePassesThrough(t *testing.T) {
	green := PodsOf("1.11")
	wanted := Annotation(bluegreen.AutoRollback, "10m")
	watched := Annotation(bluegreen.LastSwitchKey, "1.10/1.11/2026-11-28T08:00:00Z//version/8a2db7be-3")
	returned := Annotation(bluegreen.LastSwitchKey, "1.11/1.10/2026-11-28T08:01:00Z//version")
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
		"a return": {
			byController: true,
			old:          OnGreen(wanted, watched),
			new:          Waiting(wanted, returned),
			selector:     PodsOf("1.10"),
			annotations:  Waiting(wanted, returned).Annotations,
		},
		"a return, which another webhook led elsewhere": {
			byController: true,
			old:          OnGreen(wanted, watched),
			new:          Waiting(wanted, returned, SelectsVersion("6.66")),
			selector:     PodsOf("1.10"),
			annotations:  Waiting(wanted, returned).Annotations,
		},
		"a return, after which another version is asked for": {
			byController: true,
			old:          OnGreen(wanted, watched, Asks("1.12")),
			new:          Waiting(wanted, returned, Asks("1.12"), SelectsVersion("6.66")),
			selector:     PodsOf("1.10"),
			annotations:  Waiting(wanted, returned, Asks("1.12")).Annotations,
		},
		"a return that nobody wants": {
			byController: true,
			old:          OnGreen(watched),
			new:          Waiting(returned),
			selector:     green,
			annotations:  Waiting(returned).Annotations,
		},
		"a return after it was judged": {
			byController: true,
			old:          OnGreen(wanted, Annotation(bluegreen.LastSwitchKey, "1.10/1.11/2026-11-28T08:00:00Z//version/Failed")),
			new:          Waiting(wanted, returned),
			selector:     green,
			annotations:  Waiting(wanted, returned).Annotations,
		},
		"a return from what was not watched": {
			byController: true,
			old:          OnGreen(wanted, Annotation(bluegreen.LastSwitchKey, "1.10/1.11/2026-11-28T08:00:00Z//version")),
			new:          Waiting(wanted, returned),
			selector:     green,
			annotations:  Waiting(wanted, returned).Annotations,
		},
		"a message, with which another webhook moves traffic back": {
			byController: true,
			old:          OnGreen(wanted, watched),
			new:          OnGreen(wanted, watched, Annotation(bluegreen.MessageKey, "x"), SelectsVersion("1.10")),
			selector:     green,
			annotations:  OnGreen(wanted, watched, Annotation(bluegreen.MessageKey, "x")).Annotations,
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
