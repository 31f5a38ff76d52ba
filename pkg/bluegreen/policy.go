package bluegreen

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	annotationsPath = field.NewPath("metadata", "annotations")
	selectorPath    = field.NewPath("spec", "selector")
)

// Policy is what the annotations of a Service ask for.
type Policy struct {
	// Managed says whether the Service has opted in, with however bad a value.
	Managed bool

	// Target is the version that should be live; empty when the annotations do not say so without an error.
	Target string

	// VersionLabel is the selector key that carries the version; always a valid label key.
	VersionLabel string

	// Ready says how ready the target must be; always one of the menu.
	Ready Readiness

	// Protect says whether Deployments in use are kept from deletion.
	Protect bool

	// Drain is how long a Deployment is kept after traffic has left it; nil where the installation's default holds.
	Drain *time.Duration
}

// Parse reads the annotations of a Service. The Policy is safe to use even beside errors: what is invalid is left at its
// default, and there is no Target, without which nothing moves. Errors name the key, the value and what is allowed.
func Parse(annotations map[string]string) (Policy, field.ErrorList) {
	policy := Policy{VersionLabel: DefaultVersionLabel, Ready: Minimum, Protect: true}
	target, managed := annotations[TargetVersion]
	if !managed {
		return policy, nil
	}
	policy.Managed = true

	errs := unknownKeys(annotations)
	if problems := invalidVersion(target); len(problems) > 0 {
		errs = append(errs, field.Invalid(annotationsPath.Key(TargetVersion), target, strings.Join(problems, "; ")))
	} else {
		policy.Target = target
	}
	errs = append(errs, policy.parseOptions(annotations)...)
	if len(errs) > 0 {
		policy.Target = ""
	}
	return policy, errs
}

// parseOptions reads the annotations that have a default.
func (p *Policy) parseOptions(annotations map[string]string) field.ErrorList {
	var errs field.ErrorList
	if label, set := annotations[VersionLabel]; set {
		if problems := validation.IsQualifiedName(label); len(problems) > 0 {
			errs = append(errs, field.Invalid(annotationsPath.Key(VersionLabel), label, "must be a label key: "+strings.Join(problems, "; ")))
		} else {
			p.VersionLabel = label
		}
	}
	if value, err := choice(annotations, Ready, Minimum, Complete, MatchLive); err != nil {
		errs = append(errs, err)
	} else {
		p.Ready = value
	}
	if value, err := choice(annotations, InUseProtection, "enabled", "disabled"); err != nil {
		errs = append(errs, err)
	} else {
		p.Protect = value == "enabled"
	}
	if value, set := annotations[Drain]; set {
		drain, err := time.ParseDuration(value)
		if err != nil || drain < 0 {
			errs = append(errs, field.Invalid(annotationsPath.Key(Drain), value, "must be a duration of 0s or more, such as 30s, 5m or 1h30m"))
		} else {
			p.Drain = &drain
		}
	}
	return errs
}

// choice reads an annotation whose value stands on a menu. The first of the menu is the default.
func choice[T ~string](annotations map[string]string, key string, menu ...T) (T, *field.Error) {
	value, set := annotations[key]
	if !set {
		return menu[0], nil
	}
	if !slices.Contains(menu, T(value)) {
		return menu[0], field.NotSupported(annotationsPath.Key(key), T(value), menu)
	}
	return T(value), nil
}

// invalidVersion says what is wrong with a version. The empty string is a valid label value, but no version.
func invalidVersion(version string) []string {
	if version == "" {
		return []string{"must be the label value of the version that should be live, not empty"}
	}
	problems := validation.IsValidLabelValue(version)
	for i, problem := range problems {
		problems[i] = "must be a label value: " + problem
	}
	return problems
}

// unknownKeys refuses bluegreen/ annotations that this release does not know: a misspelt or newer key that is silently
// ignored would move traffic in a way its writer excluded.
func unknownKeys(annotations map[string]string) field.ErrorList {
	var errs field.ErrorList
	for _, key := range sets.List(sets.KeySet(annotations)) {
		if strings.HasPrefix(key, prefix) && !slices.Contains(userKeys, key) && !slices.Contains(ownKeys, key) {
			errs = append(errs, field.NotSupported(annotationsPath, key, userKeys))
		}
	}
	return errs
}

// switchable refuses a managed Service without a selector to switch: ExternalName and selectorless ones.
func switchable(service *corev1.Service) field.ErrorList {
	const remedy = "a Service with " + TargetVersion + " needs a selector to switch: "
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return field.ErrorList{field.Invalid(field.NewPath("spec", "type"), service.Spec.Type,
			remedy+"use ClusterIP, NodePort or LoadBalancer, or remove the annotation")}
	}
	if len(service.Spec.Selector) == 0 {
		return field.ErrorList{field.Required(selectorPath, remedy+"add one in a write of its own, or remove the annotation")}
	}
	return nil
}

// sameAsk says whether two policies ask for the same version by the same label.
func (p Policy) sameAsk(other Policy) bool {
	return p.Managed == other.Managed && p.Target == other.Target && p.VersionLabel == other.VersionLabel
}

// live returns the version that serves, or "" when the selector does not name one.
func (p Policy) live(service *corev1.Service) string {
	return service.Spec.Selector[p.VersionLabel]
}

// pending says whether a switch is asked for that has not happened: exactly when the selector is not on the target. There
// is no other state.
func (p Policy) pending(service *corev1.Service) bool {
	return p.Target != "" && p.live(service) != p.Target
}
