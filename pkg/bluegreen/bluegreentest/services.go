// Package bluegreentest builds Services and Deployments for tests, in words that read as sentences: Waiting(Asks("1.12")),
// Deployment("1.11", Starting). Tests import it with a dot. It spells annotations literally: they are a contract.
package bluegreentest

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ServiceOption changes a Service that is being built.
type ServiceOption func(*corev1.Service)

// Service is the Service shop/nginx, unmanaged, with traffic on version 1.10.
func Service(options ...ServiceOption) *corev1.Service {
	built := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx"},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: Pairs("name", "nginx", "version", "1.10"),
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
	return Service(append([]ServiceOption{Asks("1.10"), Annotation("bluegreen/phase", "Stable")}, options...)...)
}

// Waiting is a managed Service whose target version is not ready.
func Waiting(options ...ServiceOption) *corev1.Service {
	waits := []ServiceOption{Asks("1.11"), Annotation("bluegreen/phase", "Waiting"), Annotation("bluegreen/message", "not yet")}
	return Service(append(waits, options...)...)
}

// OnGreen is the Service once traffic has moved to version 1.11.
func OnGreen(options ...ServiceOption) *corev1.Service {
	return Managed(append([]ServiceOption{Asks("1.11"), Selects("name", "nginx", "version", "1.11")}, options...)...)
}

// Annotation sets an annotation.
func Annotation(key, value string) ServiceOption {
	return func(s *corev1.Service) {
		s.Annotations = maps.Clone(s.Annotations)
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations[key] = value
	}
}

// Asks sets the target version.
func Asks(version string) ServiceOption { return Annotation("bluegreen/target-version", version) }

// Lacks removes annotations.
func Lacks(keys ...string) ServiceOption {
	return func(s *corev1.Service) {
		for _, key := range keys {
			delete(s.Annotations, key)
		}
	}
}

// Selects sets the selector, of keys and values in turn.
func Selects(keysAndValues ...string) ServiceOption {
	return func(s *corev1.Service) { s.Spec.Selector = Pairs(keysAndValues...) }
}

// ExternalName makes a Service one without pods.
func ExternalName(s *corev1.Service) {
	s.Spec.Type = corev1.ServiceTypeExternalName
	s.Spec.ExternalName = "example.org"
}

// Owned sets the managed fields.
func Owned(entries ...metav1.ManagedFieldsEntry) ServiceOption {
	return func(s *corev1.Service) { s.ManagedFields = entries }
}
