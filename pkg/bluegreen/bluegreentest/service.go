// Package bluegreentest builds the objects that tests are about: Services and Deployments of one small shop, as options on a plain
// one, so that a table of cases reads as sentences: Waiting(Asks("1.12")), Deployment("1.11", Starting, Replicas(5)). Tests import
// it with a dot. It spells the annotations of bluegreen literally, because they are a contract, and knows nothing of the code under
// test.
package bluegreentest

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The annotations of bluegreen, as users and manifests spell them.
const (
	targetVersion    = "bluegreen/target-version"
	versionLabel     = "bluegreen/version-label"
	phase            = "bluegreen/phase"
	message          = "bluegreen/message"
	attempt          = "bluegreen/attempt"
	lastSwitch       = "bluegreen/last-switch"
	checks           = "bluegreen/checks"
	retry            = "bluegreen/retry"
	follows          = "bluegreen/follows"
	previewOf        = "bluegreen/preview-of"
	inUseProtection  = "bluegreen/in-use-protection"
	serves           = "bluegreen/serves"
	resumeAfter      = "bluegreen/resume-after"
	scaleToZeroAfter = "bluegreen/scale-to-zero-after"
)

// ownKeys are those that bluegreen alone writes on a Service.
var ownKeys = []string{phase, message, attempt, lastSwitch, checks}

// ServiceOption changes one thing of a Service.
type ServiceOption func(*corev1.Service)

// Service is the Service shop/nginx, unmanaged, with traffic on version 1.10.
func Service(options ...ServiceOption) *corev1.Service {
	built := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx"},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: PodsOf("1.10"),
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
	}
	for _, option := range options {
		option(built)
	}
	return built
}

// Managed is Service with its target on what is live, as bluegreen leaves it.
func Managed(options ...ServiceOption) *corev1.Service {
	return Service(append([]ServiceOption{Asks("1.10"), Annotation(phase, "Stable")}, options...)...)
}

// Waiting is a managed Service whose target, version 1.11, is not ready.
func Waiting(options ...ServiceOption) *corev1.Service {
	return Service(append([]ServiceOption{Asks("1.11"), Annotation(phase, "Waiting"), Annotation(message, "not yet")}, options...)...)
}

// OnGreen is the managed Service once traffic has moved to version 1.11.
func OnGreen(options ...ServiceOption) *corev1.Service {
	return Managed(append([]ServiceOption{Asks("1.11"), SelectsVersion("1.11")}, options...)...)
}

// Follower is the Service nginx-admin, whose version is that of nginx, as bluegreen leaves it.
func Follower(options ...ServiceOption) *corev1.Service {
	return Service(append([]ServiceOption{NamedService("nginx-admin"), Selects("name", "nginx-admin", "version", "1.10"), Follows("nginx"),
		Annotation(phase, "Stable")}, options...)...)
}

// Preview is the Service nginx-preview, whose version is the target of nginx, as bluegreen leaves it.
func Preview(options ...ServiceOption) *corev1.Service {
	return Service(append([]ServiceOption{NamedService("nginx-preview"), PreviewOf("nginx"), Annotation(phase, "Stable")}, options...)...)
}

// Services are those of a namespace.
func Services(services ...*corev1.Service) []*corev1.Service { return services }

// Annotation gives a Service an annotation.
func Annotation(key, value string) ServiceOption {
	return func(s *corev1.Service) {
		s.Annotations = maps.Clone(s.Annotations)
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations[key] = value
	}
}

// Asks gives a Service a target version.
func Asks(version string) ServiceOption { return Annotation(targetVersion, version) }

// Follows makes a Service one that follows another.
func Follows(leader string) ServiceOption { return Annotation(follows, leader) }

// PreviewOf makes a Service a preview of another.
func PreviewOf(leader string) ServiceOption { return Annotation(previewOf, leader) }

// Lacks takes annotations off a Service.
func Lacks(keys ...string) ServiceOption {
	return func(s *corev1.Service) {
		for _, key := range keys {
			delete(s.Annotations, key)
		}
	}
}

// Selects replaces the selector of a Service; none at all where no pair is given.
func Selects(keysAndValues ...string) ServiceOption {
	return func(s *corev1.Service) { s.Spec.Selector = Pairs(keysAndValues...) }
}

// SelectsVersion puts the selector of a Service on a version of nginx.
func SelectsVersion(version string) ServiceOption {
	return Selects("name", "nginx", "version", version)
}

// NamedService gives a Service another name.
func NamedService(name string) ServiceOption { return func(s *corev1.Service) { s.Name = name } }

// Unprotected says that the Deployments of a Service are not to be protected.
func Unprotected(s *corev1.Service) { Annotation(inUseProtection, "disabled")(s) }

// ExternalName makes a Service one of type ExternalName.
func ExternalName(s *corev1.Service) {
	s.Spec.Type = corev1.ServiceTypeExternalName
	s.Spec.ExternalName = "example.org"
}

// Owned gives a Service its managed fields.
func Owned(entries ...metav1.ManagedFieldsEntry) ServiceOption {
	return func(s *corev1.Service) { s.ManagedFields = entries }
}

// Pairs is a map of keys and values; nil where there are none.
func Pairs(keysAndValues ...string) map[string]string {
	if len(keysAndValues) == 0 {
		return nil
	}
	built := map[string]string{}
	for i := 0; i < len(keysAndValues); i += 2 {
		built[keysAndValues[i]] = keysAndValues[i+1]
	}
	return built
}

// PodsOf are the labels of a version's pods, and the selector of a Service on that version.
func PodsOf(version string) map[string]string { return Pairs("name", "nginx", "version", version) }

// StableOn are the annotations of a Service that is on its target.
func StableOn(target string) map[string]string { return Pairs(targetVersion, target, phase, "Stable") }

// WaitingFor are the annotations of a Service whose switch is held, and why.
func WaitingFor(target, why string) map[string]string {
	return Pairs(targetVersion, target, phase, "Waiting", message, why)
}

// OwnAnnotations are those of a Service that bluegreen alone writes.
func OwnAnnotations(service *corev1.Service) map[string]string {
	own := map[string]string{}
	for _, key := range ownKeys {
		if value, set := service.Annotations[key]; set {
			own[key] = value
		}
	}
	return own
}

// Unrecorded are the annotations of a Service without bluegreen's records.
func Unrecorded(service *corev1.Service) map[string]string {
	rest := maps.Clone(service.Annotations)
	delete(rest, attempt)
	delete(rest, lastSwitch)
	return rest
}

// EqualMaps fails a test where two maps differ; a nil one equals an empty one.
func EqualMaps(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
