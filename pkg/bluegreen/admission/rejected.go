package admission

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// otherKeysChanged rejects a change to selector keys other than the version's: it would move traffic to pods that no gate has
// looked at.
func (w ServiceWrite) otherKeysChanged(versionLabel string) field.ErrorList {
	before, after := maps.Clone(w.Old.Spec.Selector), maps.Clone(w.New.Spec.Selector)
	delete(before, versionLabel)
	delete(after, versionLabel)
	if maps.Equal(before, after) {
		return nil
	}
	return field.ErrorList{field.Invalid(bluegreen.SelectorPath, labels.FormatLabels(w.New.Spec.Selector), fmt.Sprintf(
		"all keys but %q must stay %s while the Service has %s: to change them, remove that annotation in a write of its own "+
			"first, or create another Service", versionLabel, labels.FormatLabels(before), cmp.Or(w.New.Key, w.Old.Key)))}
}

// becomesExternal rejects a write that gives a Service back and takes traffic off the pods by the Service's type.
func (w ServiceWrite) becomesExternal() field.ErrorList {
	const external = corev1.ServiceTypeExternalName
	if w.New.Spec.Type != external || w.Old.Spec.Type == external {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("spec", "type"), external,
		"removing "+w.Old.Key+" moves no traffic: change the type in a write of its own after that")}
}

// invalidVersion rejects an invalid version in the selector. bluegreen restores the stored selector, so the API server's own
// validation would never see it.
func (w ServiceWrite) invalidVersion() field.ErrorList {
	wanted := w.New.Live()
	if w.Old.Exists() && wanted == w.Old.Spec.Selector[w.New.VersionLabel] {
		return nil // It is stored: this writer did not bring it.
	}
	if problems := bluegreen.InvalidVersion(wanted); wanted != "" && len(problems) > 0 {
		return field.ErrorList{field.Invalid(bluegreen.SelectorPath.Key(w.New.VersionLabel), wanted, strings.Join(problems, "; "))}
	}
	return nil
}

// cannotRetire rejects retire-after in an installation that protects no Deployments.
func (w ServiceWrite) cannotRetire() field.ErrorList {
	value, brought := w.brings(bluegreen.RetireAfter)
	if !brought || w.Protection {
		return nil
	}
	return field.ErrorList{bluegreen.NotRetiring(value, "inUseProtection.enabled in bluegreen's Helm chart")}
}

// cannotCheck rejects checks in an installation that may not run Jobs.
func (w ServiceWrite) cannotCheck() field.ErrorList {
	var errs field.ErrorList
	for _, key := range []string{bluegreen.PrePromotionCheck, bluegreen.PostPromotionCheck} {
		if value, brought := w.brings(key); brought && !w.Checks {
			errs = append(errs, bluegreen.NotChecking(key, value))
		}
	}
	return errs
}

// brings returns what an annotation asks for; false if it asks for nothing, or if the managed Service that is stored asks for the same.
func (w ServiceWrite) brings(key string) (string, bool) {
	value, asked := w.New.Annotations[key]
	return value, asked && !(w.Old.Exists() && w.Old.Managed && w.Old.Annotations[key] == value)
}

// EndsProtection reports whether the write may end the protection of live Deployments: it gives the Service back, switches the
// protection off, or has another leader decide about it. Only then Deployments matter.
func (w ServiceWrite) EndsProtection() bool {
	stays := w.New.Managed && w.New.Protect && (w.New.Leader == "" || w.New.Leader == w.Old.Leader)
	return !w.ByController && w.Old.Exists() && w.Old.Protects() && !stays
}

// keepsServing rejects the end of a protection without which a live Deployment would die, or lose its pods.
func (w ServiceWrite) keepsServing() field.ErrorList {
	if !w.EndsProtection() {
		return nil
	}
	key := bluegreen.AnnotationsPath.Key(bluegreen.InUseProtection)
	switch {
	case !w.New.Managed || w.New.Preview:
		key = bluegreen.AnnotationsPath.Key(w.Old.Key)
	case w.New.Leader != "":
		key = bluegreen.AnnotationsPath.Key(w.New.Key)
	}
	var errs field.ErrorList
	if frozen := bluegreen.Frozen(bluegreen.Pick(w.Deployments, w.ofAny(bluegreen.Service.Selects))); len(frozen) > 0 {
		errs = append(errs, field.Forbidden(key, fmt.Sprintf("cannot be changed now: Deployment %s serves and is being deleted, and "+
			"only bluegreen keeps it; move traffic to another version first", bluegreen.Names(frozen))))
	}
	if held := bluegreen.Pick(w.Deployments, w.ofAny(bluegreen.Service.WouldLose)); len(held) > 0 {
		errs = append(errs, field.Forbidden(key, fmt.Sprintf("cannot be changed now: Deployment %s serves, and its new pod labels take "+
			"its pods out of the Service; put the labels back, or move traffic to another version first", bluegreen.Names(held))))
	}
	return errs
}

// ofAny reports whether something holds of a Deployment and one of the Services whose protection the write ends. A follower has the
// options of its leader as long as that leads.
func (w ServiceWrite) ofAny(holds func(bluegreen.Service, *appsv1.Deployment) bool) func(*appsv1.Deployment) bool {
	services := []bluegreen.Service{w.Old}
	if w.New.Managed && w.New.Leader == "" {
		services = append(services, w.Followers...)
	}
	return func(deployment *appsv1.Deployment) bool {
		return slices.ContainsFunc(services, func(service bluegreen.Service) bool { return holds(service, deployment) })
	}
}
