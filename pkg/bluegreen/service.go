package bluegreen

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Service is a Kubernetes Service together with what its annotations say. Read reads them once; the methods answer what they mean.
// It is never changed: what is to be stored is a copy.
type Service struct {
	*corev1.Service
	Options

	// Errors are what is wrong with the annotations. If there are any, Target is empty, so nothing moves.
	Errors field.ErrorList

	// targetSelector is the selector that the Service would have on its target; nil without one.
	targetSelector labels.Set

	// holds reports whether others keep Deployments from rolling out in place: the leader Holds, or followers have pods of their own.
	holds bool
}

// Read reads the annotations of a Service; nil is a Service that does not exist.
func Read(object *corev1.Service) Service {
	if object == nil {
		return Service{}
	}
	options, errs := parse(object.Annotations)
	if options.Leader != "" && options.Leader == object.Name {
		errs = append(errs, field.Invalid(AnnotationsPath.Key(options.Key), options.Leader, "must be the name of another Service"))
	}
	service := Service{Service: object, Options: options, Errors: errs}
	service.targetSelector = service.targetSelectorOf(options.Target)
	return service
}

// ReadAll reads the annotations of the Services of a namespace. Those that are led are on their way to where their leaders are.
func ReadAll(objects []corev1.Service) []Service {
	services := make([]Service, 0, len(objects))
	for i := range objects {
		services = append(services, Read(&objects[i]))
	}
	return Lead(services)
}

// Exists reports whether there is such a Service.
func (s Service) Exists() bool { return s.Service != nil }

// WithSelector returns the Service with another selector. It asks for the same.
func (s Service) WithSelector(selector map[string]string) Service {
	object := *s.Service
	object.Spec.Selector = maps.Clone(selector)
	s.Service = &object
	s.targetSelector = s.targetSelectorOf(s.Target)
	return s
}

// WithVersion returns the Service with its selector on a version. That is not empty, or no pods are selected.
func (s Service) WithVersion(version string) Service { return s.WithSelector(s.selectorOf(version)) }

// WithOwn returns the Service with the annotations that bluegreen alone writes replaced.
func (s Service) WithOwn(own map[string]string) *corev1.Service {
	object := *s.Service
	object.Annotations = withOwn(object.Annotations, own)
	return &object
}

// targetSelectorOf returns the selector of a version; nil for none.
func (s Service) targetSelectorOf(version string) labels.Set {
	if version == "" {
		return nil
	}
	return s.selectorOf(version)
}

// selectorOf returns the selector of a version.
func (s Service) selectorOf(version string) labels.Set {
	selector := labels.Set{s.VersionLabel: version}
	for key, value := range s.Spec.Selector {
		if key != s.VersionLabel {
			selector[key] = value
		}
	}
	return selector
}

// SameAsk reports whether two Services ask for the same version, by the same label, with the same retry. An option that is invalid
// makes no other ask.
func (s Service) SameAsk(other Service) bool {
	if s.Managed != other.Managed {
		return false
	}
	return s.Key == other.Key && s.Annotations[s.Key] == other.Annotations[s.Key] &&
		s.VersionLabel == other.VersionLabel && s.Retry == other.Retry
}

// Live returns the version that is live, or "" when the selector does not name one.
func (s Service) Live() string { return s.Spec.Selector[s.VersionLabel] }

// Describe names what is live, for people.
func (s Service) Describe() string {
	if live := s.Live(); live != "" {
		return "version " + live
	}
	return "selector " + labels.FormatLabels(s.Spec.Selector)
}

// GivenBack says, for people, what it means that the Service is given back.
func (s Service) GivenBack() string {
	return fmt.Sprintf("%s removed: bluegreen no longer manages this Service; traffic stays on %s, and from now on every change of "+
		"spec.selector moves it at once", s.Key, s.Describe())
}

// Pending reports whether a switch is asked for that has not happened: exactly when the selector is not on the target.
func (s Service) Pending() bool { return s.Target != "" && s.Live() != s.Target }

// Approved reports whether the target needs no approval, or has it.
func (s Service) Approved() bool { return s.Promotion == Auto || s.ApprovedVersion == s.Target }

// Holds reports whether no Deployment may roll out in place to the target: its ask was given up, or is not approved, or is to be
// checked first, or others wait for more than that.
func (s Service) Holds() bool {
	return s.holds || s.GivenUp() != "" || !s.Approved() || s.CheckBefore != ""
}

// TargetSelector returns the selector that the Service would have on its target; nil without one.
func (s Service) TargetSelector() labels.Set { return s.targetSelector }

// Switchable reports whether bluegreen may move the selector: the Service is managed, and has one.
func (s Service) Switchable() bool {
	return s.Managed && s.Spec.Type != corev1.ServiceTypeExternalName && len(s.Spec.Selector) > 0 && !s.selectsByVersionAlone()
}

// selectsByVersionAlone reports whether a Service that is led has no other key in its selector. A Deployment that it is to select next
// would not be found by its labels then, since its annotations do not name the version.
func (s Service) selectsByVersionAlone() bool {
	return s.Leader != "" && len(s.Spec.Selector) > 0 && len(s.otherLabels()) == 0
}
