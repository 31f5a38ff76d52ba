package bluegreen

import (
	"fmt"
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Write is somebody's CREATE or UPDATE of a Service, on its way into the cluster.
type Write struct {
	// Old is the Service as it is stored; nil on CREATE.
	Old *corev1.Service

	// New is the Service as the writer wants it.
	New *corev1.Service

	// Deployments are those of the Service's namespace; asked for only if LetsGo.
	Deployments []*appsv1.Deployment

	// ByController says that the writer is bluegreen's own controller, the only one who moves traffic.
	ByController bool
}

// Answer is what becomes of a Write.
type Answer struct {
	// Service is what is stored in place of Write.New. Only annotations, selector and managed fields differ from it.
	Service *corev1.Service

	// Warnings are printed by the writer's client, one a line; none beside Errors.
	Warnings []string

	// Errors, if any, refuse the write as invalid (422).
	Errors field.ErrorList
}

// LetsGo says whether the write ends the protection of what serves: it takes the Service out of bluegreen's hands, or says
// that it is not to be protected. Only then Deployments matter.
func (w Write) LetsGo() bool {
	if w.Old == nil || w.ByController {
		return false
	}
	before, managed := managing(w.Old)
	after, _ := Parse(w.New.Annotations)
	return managed && before.Protect && !(after.Managed && after.Protect)
}

// Admit applies the admission rules of docs/design.md to a write. It is idempotent: admitting its own result changes
// nothing, so dry runs and reinvocation are safe.
func Admit(write Write) Answer {
	before := Policy{}
	if write.Old != nil {
		before, _ = Parse(write.Old.Annotations)
	}
	after, errs := Parse(write.New.Annotations)
	answer := Answer{Service: write.New.DeepCopy()}

	switch {
	case !before.Managed && !after.Managed:
	case write.ByController:
		answer.carryOut(write, before)
	case !after.Managed:
		answer.Errors = append(otherKeysChanged(write, before), becomesExternal(write)...)
		answer.release(write, before)
	default:
		answer.Errors = append(errs, otherKeysChanged(write, after)...)
		answer.Errors = append(answer.Errors, noVersion(write, after)...)
		if write.Old == nil {
			answer.create(after)
		} else {
			answer.hold(write, before, after)
		}
		answer.Errors = append(answer.Errors, switchable(answer.Service)...)
		answer.warnOwnKeys(write)
	}
	if write.LetsGo() {
		answer.Errors = append(answer.Errors, keepsServing(write)...)
	}
	if len(answer.Errors) > 0 {
		answer.Warnings = nil // They tell of a write that does not happen.
	}
	if before.Managed || after.Managed {
		answer.Service.ManagedFields = Disown(answer.Service.ManagedFields)
	}
	if write.ByController && write.Old != nil && before.Managed {
		answer.Service.ManagedFields = keepApplied(write.Old.ManagedFields, answer.Service.ManagedFields)
	}
	return answer
}

// otherKeysChanged refuses a change to selector keys other than the version's: it would move traffic to pods that no gate
// has looked at.
func otherKeysChanged(write Write, policy Policy) field.ErrorList {
	if write.Old == nil {
		return nil
	}
	before, after := maps.Clone(write.Old.Spec.Selector), maps.Clone(write.New.Spec.Selector)
	delete(before, policy.VersionLabel)
	delete(after, policy.VersionLabel)
	if maps.Equal(before, after) {
		return nil
	}
	return field.ErrorList{field.Invalid(selectorPath, formatSelector(write.New.Spec.Selector), fmt.Sprintf(
		"all keys but %q must stay %s while the Service has %s: to change them, remove that annotation in a write of its own "+
			"first, or create another Service", policy.VersionLabel, formatSelector(before), TargetVersion))}
}

// becomesExternal refuses a release that takes traffic off the pods by the Service's type.
func becomesExternal(write Write) field.ErrorList {
	const external = corev1.ServiceTypeExternalName
	if write.New.Spec.Type != external || write.Old.Spec.Type == external {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("spec", "type"), external,
		"removing "+TargetVersion+" moves no traffic: change the type in a write of its own after that")}
}

// noVersion refuses a selector that the API server would refuse, had bluegreen not put the stored one back.
func noVersion(write Write, policy Policy) field.ErrorList {
	wanted := policy.live(write.New)
	if problems := invalidVersion(wanted); wanted != "" && len(problems) > 0 {
		return field.ErrorList{field.Invalid(selectorPath.Key(policy.VersionLabel), wanted, strings.Join(problems, "; "))}
	}
	return nil
}

// create admits a new Service. Nothing serves yet, so a selector without the version gets the target.
func (a *Answer) create(policy Policy) {
	if policy.Target != "" && policy.live(a.Service) == "" && len(a.Service.Spec.Selector) > 0 {
		a.Service.Spec.Selector[policy.VersionLabel] = policy.Target
	}
	a.setOwn(ask(a.Service, policy))
}

// carryOut admits the controller's own update, which leaves the selector or moves it to the stored target. Another webhook
// that was asked after this one may have changed the selector; then the API server asks again, and what the controller wrote
// is told by the phase that goes with it.
func (a *Answer) carryOut(write Write, policy Policy) {
	if write.Old == nil || maps.Equal(write.New.Spec.Selector, write.Old.Spec.Selector) {
		return
	}
	a.Service.Spec.Selector = maps.Clone(write.Old.Spec.Selector)
	if policy.pending(write.Old) && len(switchable(write.Old)) == 0 && a.Service.Annotations[PhaseKey] == string(Stable) {
		a.Service.Spec.Selector = policy.candidate(write.Old)
	}
}

// hold admits an update: the selector stays, and so does what bluegreen wrote, unless the write changes the ask.
func (a *Answer) hold(write Write, before, after Policy) {
	a.keepSelector(write, after)
	if before.sameAsk(after) {
		a.setOwn(own(write.Old))
		return
	}
	a.setOwn(ask(a.Service, after))
}

// release admits the removal of the annotation: it moves no traffic either, and the Service is plain from then on.
func (a *Answer) release(write Write, before Policy) {
	a.Service.Spec.Selector = maps.Clone(write.Old.Spec.Selector)
	a.setOwn(nil)
	a.warn("%s removed: bluegreen no longer manages this Service; traffic stays on %s, and from now on every change of "+
		"spec.selector moves it at once", TargetVersion, describeLive(before, write.Old))
}

// keepSelector puts the stored selector back and says so where the write named another version.
func (a *Answer) keepSelector(write Write, policy Policy) {
	wanted, live := policy.live(write.New), policy.live(write.Old)
	a.Service.Spec.Selector = maps.Clone(write.Old.Spec.Selector)
	switch {
	case wanted == "" || wanted == live:
	case wanted == policy.Target:
		a.warn("spec.selector[%s]: traffic stays on %s until version %s is ready, then bluegreen moves it; to wait for that: "+
			"kubectl wait service/%s -n %s --for=jsonpath='{.spec.selector.%s}'=%s --timeout=10m",
			policy.VersionLabel, describeLive(policy, write.Old), wanted, a.Service.Name, a.Service.Namespace, escapeJSONPath(policy.VersionLabel), wanted)
	default:
		a.warn("spec.selector[%s]: traffic stays on %s, because only %s (now %q) moves it; to switch: "+
			"kubectl annotate service %s -n %s %s=%s --overwrite",
			policy.VersionLabel, describeLive(policy, write.Old), TargetVersion, policy.Target, a.Service.Name, a.Service.Namespace, TargetVersion, wanted)
	}
}

// warnOwnKeys says which of bluegreen's own annotations the writer changed in vain.
func (a *Answer) warnOwnKeys(write Write) {
	for _, key := range ownKeys {
		wanted, set := write.New.Annotations[key]
		var stored string
		if write.Old != nil {
			stored = write.Old.Annotations[key]
		}
		if set && wanted != stored && wanted != a.Service.Annotations[key] {
			a.warn("metadata.annotations[%s]: is written by bluegreen alone; %q is not stored", key, wanted)
		}
	}
}

func (a *Answer) warn(format string, args ...any) {
	a.Warnings = append(a.Warnings, "bluegreen: "+fmt.Sprintf(format, args...))
}

// ask returns bluegreen's own annotations for a Service that has just been asked for the policy's target. Whoever waits on
// the phase right after their own write never reads that of the switch before.
func ask(service *corev1.Service, policy Policy) map[string]string {
	if !policy.pending(service) {
		return status(Stable, "")
	}
	return status(Waiting, fmt.Sprintf("Asked to move from %s to version %s: waiting for the controller to look at it",
		describeLive(policy, service), policy.Target))
}

// setOwn replaces bluegreen's own annotations.
func (a *Answer) setOwn(values map[string]string) {
	a.Service.Annotations = withOwn(a.Service.Annotations, values)
}
