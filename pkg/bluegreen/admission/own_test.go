package admission

import (
	"reflect"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule3OwnAnnotationsAreBluegreensAlone(t *testing.T) {
	blue := PodsOf("1.10")
	admitAll(t, map[string]serviceCase{
		"edited": {
			old:         Waiting(),
			new:         Waiting(Annotation(bluegreen.PhaseKey, "Stable"), Annotation(bluegreen.MessageKey, "all well")),
			selector:    blue,
			annotations: WaitingFor("1.11", "not yet"),
			warnings:    []string{inVain(bluegreen.PhaseKey, "Stable"), inVain(bluegreen.MessageKey, "all well")},
		},
		"emptied": {
			old:         Waiting(),
			new:         Waiting(Annotation(bluegreen.MessageKey, "")),
			selector:    blue,
			annotations: WaitingFor("1.11", "not yet"),
			warnings:    []string{inVain(bluegreen.MessageKey, "")},
		},
		"deleted": {
			old:         Waiting(),
			new:         Waiting(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey)),
			selector:    blue,
			annotations: WaitingFor("1.11", "not yet"),
		},
		"added": {
			old:         Managed(),
			new:         Managed(Annotation(bluegreen.MessageKey, "hello")),
			selector:    blue,
			annotations: StableOn("1.10"),
			warnings:    []string{inVain(bluegreen.MessageKey, "hello")},
		},
		"edited together with an ask": {
			old:         Managed(),
			new:         Managed(Asks("1.11"), Annotation(bluegreen.PhaseKey, "Failed")),
			selector:    blue,
			annotations: WaitingFor("1.11", asked),
			warnings:    []string{inVain(bluegreen.PhaseKey, "Failed")},
		},
		"added with the adoption": {
			old:         Service(),
			new:         Managed(Annotation(bluegreen.PhaseKey, "Waiting")),
			selector:    blue,
			annotations: StableOn("1.10"),
			warnings:    []string{inVain(bluegreen.PhaseKey, "Waiting")},
		},
	})
}

func TestUnmanagedServicesAreUntouchedToTheByte(t *testing.T) {
	entry := Updated("kubectl", `{"f:spec":{"f:selector":{}}}`)
	for name, write := range map[string]serviceWrite{
		"created":              {new: Service(Owned(entry))},
		"created selectorless": {new: Service(Selects())},
		"moved":                {old: Service(), new: Service(Selects("app", "apache"), Owned(entry))},
		"emptied":              {old: Service(), new: Service(Selects(), Owned(entry))},
		"with our keys but no ask": {
			old: Service(),
			new: Service(Annotation(bluegreen.PhaseKey, "mine"), Annotation(bluegreen.MessageKey, ""),
				Annotation(bluegreen.VersionLabel, "??"), Annotation("bluegreen/other", "x"), Selects("a", "b"), Owned(entry)),
		},
		"ExternalName": {old: Service(), new: Service(ExternalName)},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admit(write)
			if !reflect.DeepEqual(answer.Service, write.new) || len(answer.Warnings) > 0 || len(answer.Errors) > 0 {
				t.Errorf("got %+v", answer)
			}
		})
	}
}
