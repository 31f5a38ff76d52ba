package bluegreen

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// own returns bluegreen's own annotations of a Service.
func own(service *corev1.Service) map[string]string {
	values := map[string]string{}
	for _, key := range ownKeys {
		if value, set := service.Annotations[key]; set {
			values[key] = value
		}
	}
	return values
}

// withOwn returns the annotations with bluegreen's own ones replaced by values. It leaves nil nil where nothing is to add,
// so that an untouched object stays equal to itself.
func withOwn(annotations, values map[string]string) map[string]string {
	annotations = maps.Clone(annotations)
	for _, key := range ownKeys {
		delete(annotations, key)
	}
	if annotations == nil && len(values) > 0 {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, values)
	return annotations
}

// status returns bluegreen's own annotations for a phase and a message; an empty message is left out.
func status(phase Phase, message string) map[string]string {
	values := map[string]string{PhaseKey: string(phase)}
	if message != "" {
		values[MessageKey] = message
	}
	return values
}

// describeLive names what serves, for people.
func describeLive(policy Policy, service *corev1.Service) string {
	if live := policy.live(service); live != "" {
		return "version " + live
	}
	return "selector " + formatSelector(service.Spec.Selector)
}

func formatSelector(selector map[string]string) string {
	return labels.FormatLabels(selector)
}

// escapeJSONPath escapes the dots of a label key for kubectl's JSONPath.
func escapeJSONPath(key string) string {
	return strings.ReplaceAll(key, ".", `\.`)
}

// Annotations returns the annotations of a Service that are bluegreen's business, to be read by Parse and Decide.
func Annotations(service *corev1.Service) map[string]string {
	kept := map[string]string{}
	for key, value := range service.Annotations {
		if strings.HasPrefix(key, prefix) {
			kept[key] = value
		}
	}
	return kept
}
