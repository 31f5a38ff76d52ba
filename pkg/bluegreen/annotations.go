package bluegreen

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Concerns reports whether bluegreen has anything to do with a Service: it is managed, or was and still carries what bluegreen
// wrote. It reads no values.
func Concerns(object *corev1.Service) bool {
	return len(asksOf(object.Annotations)) > 0 || len(OwnAnnotations(object)) > 0
}

// asksOf returns those keys among annotations that make a Service managed.
func asksOf(annotations map[string]string) []string {
	var found []string
	for _, key := range askKeys {
		if _, set := annotations[key]; set {
			found = append(found, key)
		}
	}
	return found
}

// LeaderOf returns the name of the Service that leads another one; empty if none does. It reads no other values.
func LeaderOf(object *corev1.Service) string {
	asks := asksOf(object.Annotations)
	if len(asks) == 0 || asks[0] == TargetVersion {
		return ""
	}
	return object.Annotations[asks[0]]
}

// Annotations returns those of a Service that are bluegreen's business.
func Annotations(object *corev1.Service) map[string]string {
	return keep(object.Annotations, func(key string) bool { return strings.HasPrefix(key, prefix) })
}

// OwnAnnotations returns those of a Service that bluegreen alone writes.
func OwnAnnotations(object *corev1.Service) map[string]string {
	return keep(object.Annotations, func(key string) bool { return slices.Contains(OwnKeys, key) })
}

func keep(annotations map[string]string, ours func(key string) bool) map[string]string {
	kept := map[string]string{}
	for key, value := range annotations {
		if ours(key) {
			kept[key] = value
		}
	}
	return kept
}

// withOwn returns annotations with those that bluegreen alone writes replaced. A nil map stays nil if there is nothing to add, so
// that an untouched object stays equal to itself.
func withOwn(annotations, own map[string]string) map[string]string {
	annotations = maps.Clone(annotations)
	for _, key := range OwnKeys {
		delete(annotations, key)
	}
	if annotations == nil && len(own) > 0 {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, own)
	return annotations
}

// Status returns the annotations of a phase and its message; an empty message is left out.
func Status(phase Phase, message string) map[string]string {
	own := map[string]string{PhaseKey: string(phase)}
	if message != "" {
		own[MessageKey] = message
	}
	return own
}
