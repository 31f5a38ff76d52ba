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

// notStored warns of what the write asks for in vain.
func (a *ServiceAnswer) notStored(format string, args ...any) {
	a.warn(format, args...)
	a.NotStored = append(a.NotStored, a.Warnings[len(a.Warnings)-1])
}

func (a *ServiceAnswer) warn(format string, args ...any) {
	a.Warnings = append(a.Warnings, "bluegreen: "+fmt.Sprintf(format, args...))
}
