package admission

import (
	"fmt"
	"strings"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// warnSelector warns of a selector that named another version than the live one, which stays.
func (a *ServiceAnswer) warnSelector(service bluegreen.Service, wanted string) {
	label := service.VersionLabel
	switch {
	case wanted == "" || wanted == service.Live():
	case service.Leader != "":
		a.warn("spec.selector[%s]: traffic stays on %s, because %s says that it moves with Service %s", label, service.Describe(), service.Key,
			service.Leader)
	case wanted == service.Target && bluegreen.Read(a.Service).GivenUp() != "":
		a.warn("spec.selector[%s]: traffic stays on %s, because version %s was given up (phase %s), and %s tells why; to try again, change %s",
			label, service.Describe(), wanted, a.Service.Annotations[bluegreen.PhaseKey], bluegreen.MessageKey, bluegreen.Retry)
	case wanted == service.Target:
		a.warn("spec.selector[%s]: traffic stays on %s until version %s is ready, then bluegreen moves it; to wait for that: "+
			"kubectl wait service/%s -n %s --for=jsonpath='{.spec.selector.%s}'=%s --timeout=10m",
			label, service.Describe(), wanted, service.Name, service.Namespace, strings.ReplaceAll(label, ".", `\.`), wanted)
	default:
		a.notStored("spec.selector[%s]: traffic stays on %s, because only %s (now %q) moves it; to switch: "+
			"kubectl annotate service %s -n %s %s=%s --overwrite", label, service.Describe(), bluegreen.TargetVersion, service.Target,
			service.Name, service.Namespace, bluegreen.TargetVersion, wanted)
	}
}

// warnOwnKeys warns of those of bluegreen's own annotations that the writer changed in vain.
func (a *ServiceAnswer) warnOwnKeys(write ServiceWrite) {
	for _, key := range bluegreen.OwnKeys {
		wanted, set := write.New.Annotations[key]
		var stored string
		if write.Old.Exists() {
			stored = write.Old.Annotations[key]
		}
		if set && wanted != stored && wanted != a.Service.Annotations[key] {
			a.notStored("metadata.annotations[%s]: is written by bluegreen alone; %q is not stored", key, wanted)
		}
	}
}

// told is what the writer is told.
type told struct {
	// Warnings are printed by the writer's client, one a line.
	Warnings []string

	// NotStored are those of the warnings that tell what the write asked for in vain: nothing of that can be seen later.
	NotStored []string
}

// notStored warns of what the write asks for in vain.
func (t *told) notStored(format string, args ...any) {
	t.warn(format, args...)
	t.NotStored = append(t.NotStored, t.Warnings[len(t.Warnings)-1])
}

func (t *told) warn(format string, args ...any) {
	t.Warnings = append(t.Warnings, "bluegreen: "+fmt.Sprintf(format, args...))
}
