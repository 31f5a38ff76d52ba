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

// AnnotationsPath and SelectorPath are the fields of a Service that errors are about.
var (
	AnnotationsPath = field.NewPath("metadata", "annotations")
	SelectorPath    = field.NewPath("spec", "selector")
)

// Options are what the annotations of a Service say. They are safe to use even beside errors: what is invalid has its default.
type Options struct {
	// Managed reports whether the Service has a target version or a leader, with however bad a value.
	Managed bool

	// Key is the annotation that makes it managed; empty if there is none.
	Key string

	// Target is the version that should be live; empty if there is none, or if any annotation is invalid. See DueBy for one that is led.
	Target string

	// Leader is the name of the Service that this one follows, or is a preview of; empty if there is none, or if it is no name.
	Leader string

	// Preview reports whether the Service is a preview of its leader.
	Preview bool

	// VersionLabel is the selector key that carries the version; always a valid label key.
	VersionLabel string

	// Ready is how ready the target must be; always one of the menu.
	Ready Readiness

	// Protect reports whether Deployments in use are protected.
	Protect bool

	// Drain is how long a Deployment is kept after traffic has left it; nil if the installation's default applies.
	Drain *time.Duration

	// Promotion is whether a version that is ready waits for approval; always one of the menu.
	Promotion Promotion

	// ApprovedVersion is the version that was approved; empty if there is none.
	ApprovedVersion string

	// Deadline is how long the target of an ask may take to be ready; nil if that is not limited.
	Deadline *time.Duration

	// AutoRollback is for how long after a switch what went live is watched; nil if it is not.
	AutoRollback *time.Duration

	// Retry tells this ask from others for the same version.
	Retry string

	// RetireAfter is how long after a switch what was left goes to 0 replicas; nil for never.
	RetireAfter *time.Duration

	// CheckBefore and CheckAfter are the names of the CronJobs whose Jobs check a version before and after the switch; empty for none.
	CheckBefore, CheckAfter string
}

// parse reads annotations. Errors name the key, the value and what is allowed.
func parse(annotations map[string]string) (Options, field.ErrorList) {
	options := Options{VersionLabel: DefaultVersionLabel, Ready: Minimum, Promotion: Auto, Protect: true}
	asks := asksOf(annotations)
	if len(asks) == 0 {
		return options, nil
	}
	options.Managed, options.Key, options.Retry = true, asks[0], annotations[Retry]

	menu := userKeys
	if asks[0] != TargetVersion {
		menu = []string{asks[0], VersionLabel} // Its leader has the others.
	}
	errs := unknownKeys(annotations, menu)
	errs = append(errs, options.parseAsk(annotations[asks[0]])...)
	errs = append(errs, options.parse(annotations)...)
	if len(asks) > 1 && asks[0] == TargetVersion {
		errs = append(errs, field.Forbidden(AnnotationsPath.Key(asks[1]), "a Service is asked for a version by "+TargetVersion+
			", or takes that of another Service: remove one of both"))
	}
	if len(errs) > 0 {
		options.Target = ""
	}
	options.Protect = options.Protect && !options.Preview
	return options, errs
}

// parseAsk reads the annotation that makes a Service managed.
func (o *Options) parseAsk(value string) field.ErrorList {
	var problems []string
	if o.Key == TargetVersion {
		problems, o.Target = InvalidVersion(value), value
	} else {
		problems = validation.IsDNS1123Label(value)
		for i, problem := range problems {
			problems[i] = "must be the name of a Service of this namespace: " + problem
		}
		o.Preview = o.Key == PreviewOf
		if len(problems) == 0 {
			o.Leader = value
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(AnnotationsPath.Key(o.Key), value, strings.Join(problems, "; "))}
}

// parse reads the annotations that have a default.
func (o *Options) parse(annotations map[string]string) field.ErrorList {
	var errs field.ErrorList
	add := func(err *field.Error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	atLeastNothing := func(d time.Duration) bool { return d >= 0 }
	moreThan := func(limit time.Duration) func(time.Duration) bool {
		return func(d time.Duration) bool { return d > limit }
	}
	var protection string
	var err *field.Error

	o.VersionLabel, err = versionLabel(annotations)
	add(err)
	o.Ready, err = choice(annotations, Ready, Minimum, Complete, MatchLive)
	add(err)
	o.Promotion, err = choice(annotations, Promote, Auto, Manual)
	add(err)
	o.ApprovedVersion, err = approvedVersion(annotations)
	add(err)
	protection, err = choice(annotations, InUseProtection, "enabled", "disabled")
	add(err)
	o.Protect = protection == "enabled"
	o.Drain, err = duration(annotations, Drain, "of 0s or more", atLeastNothing)
	add(err)
	o.Deadline, err = duration(annotations, Deadline, "of more than 0s", moreThan(0))
	add(err)
	o.AutoRollback, err = duration(annotations, AutoRollback, "of more than "+Patience.String()+" (a failure must last that long)",
		moreThan(Patience))
	add(err)
	o.RetireAfter, err = duration(annotations, RetireAfter, "of 0s or more", atLeastNothing)
	add(err)
	if o.RetireAfter != nil && !o.Protect {
		o.RetireAfter = nil
		add(NotRetiring(annotations[RetireAfter], InUseProtection+" to be enabled for this Service"))
	}
	return append(errs, o.parseChecks(annotations)...)
}

// versionLabel reads the annotation VersionLabel.
func versionLabel(annotations map[string]string) (string, *field.Error) {
	label, set := annotations[VersionLabel]
	if !set {
		return DefaultVersionLabel, nil
	}
	if problems := validation.IsQualifiedName(label); len(problems) > 0 {
		return DefaultVersionLabel, field.Invalid(AnnotationsPath.Key(VersionLabel), label, "must be a label key: "+strings.Join(problems, "; "))
	}
	return label, nil
}

// approvedVersion reads the annotation ApprovedVersion.
func approvedVersion(annotations map[string]string) (string, *field.Error) {
	approved, set := annotations[ApprovedVersion]
	if problems := InvalidVersion(approved); set && len(problems) > 0 {
		return "", field.Invalid(AnnotationsPath.Key(ApprovedVersion), approved, strings.Join(problems, "; "))
	}
	return approved, nil
}

// NotRetiring says what is missing for RetireAfter: of what is not protected, nobody knows when traffic left it.
func NotRetiring(value, needs string) *field.Error {
	return field.Invalid(AnnotationsPath.Key(RetireAfter), value, "needs "+needs)
}

// duration reads an annotation that is a duration within a range; nil if it is absent.
func duration(annotations map[string]string, key, within string, allowed func(time.Duration) bool) (*time.Duration, *field.Error) {
	value, set := annotations[key]
	if !set {
		return nil, nil
	}
	parsed, err := time.ParseDuration(value)
	if err != nil || !allowed(parsed) {
		return nil, field.Invalid(AnnotationsPath.Key(key), value, "must be a duration "+within+", such as 30s, 5m or 1h30m")
	}
	return &parsed, nil
}

// choice reads an annotation that allows only the values of a menu. The first of them is the default.
func choice[T ~string](annotations map[string]string, key string, menu ...T) (T, *field.Error) {
	value, set := annotations[key]
	if !set {
		return menu[0], nil
	}
	if !slices.Contains(menu, T(value)) {
		return menu[0], field.NotSupported(AnnotationsPath.Key(key), T(value), menu)
	}
	return T(value), nil
}

// InvalidVersion returns what is wrong with a version. The empty string is a valid label value, but no version.
func InvalidVersion(version string) []string {
	if version == "" {
		return []string{"must be the label value of the version that should be live, not empty"}
	}
	problems := validation.IsValidLabelValue(version)
	for i, problem := range problems {
		problems[i] = "must be a label value: " + problem
	}
	return problems
}

// unknownKeys rejects bluegreen/ annotations that are not on the menu of those that users write: if a misspelt or newer key were
// silently ignored, traffic could move in a way that its writer excluded.
func unknownKeys(annotations map[string]string, menu []string) field.ErrorList {
	var errs field.ErrorList
	for _, key := range sets.List(sets.KeySet(annotations)) {
		if strings.HasPrefix(key, prefix) && !slices.Contains(menu, key) && !slices.Contains(OwnKeys, key) {
			errs = append(errs, field.NotSupported(AnnotationsPath, key, menu))
		}
	}
	return errs
}

// NotSwitchable returns what is wrong with a managed Service that has no selector to move: ExternalName and selectorless ones.
func (s Service) NotSwitchable() field.ErrorList {
	remedy := "a Service with " + s.Key + " needs a selector to switch: "
	switch {
	case s.Spec.Type == corev1.ServiceTypeExternalName:
		return field.ErrorList{field.Invalid(field.NewPath("spec", "type"), s.Spec.Type,
			remedy+"use ClusterIP, NodePort or LoadBalancer, or remove the annotation")}
	case len(s.Spec.Selector) == 0:
		return field.ErrorList{field.Required(SelectorPath, remedy+"add one in a write of its own, or remove the annotation")}
	case s.selectsByVersionAlone():
		return field.ErrorList{field.Required(SelectorPath, "a Service with "+s.Key+" needs a key besides "+s.VersionLabel+
			": add one in a write of its own, or remove the annotation")}
	default:
		return nil
	}
}
