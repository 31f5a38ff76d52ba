package random

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// change is what somebody wants of a Service: keys with their values, nil for a key that is to go.
type change struct {
	annotations map[string]any
	selector    map[string]any
}

func newChange() change { return change{annotations: map[string]any{}, selector: map[string]any{}} }

// annotations returns a change of nothing else.
func annotations(keys map[string]any) change {
	return change{annotations: maps.Clone(keys), selector: map[string]any{}}
}

// appliedTo returns a Service with the change made.
func (change change) appliedTo(s *corev1.Service) *corev1.Service {
	changed := s.DeepCopy()
	changed.Annotations = with(changed.Annotations, change.annotations)
	changed.Spec.Selector = with(changed.Spec.Selector, change.selector)
	return changed
}

// body returns the change as a merge patch.
func (change change) body() map[string]any {
	body := map[string]any{"metadata": map[string]any{"annotations": change.annotations}}
	if len(change.selector) > 0 {
		body["spec"] = map[string]any{"selector": change.selector}
	}
	return body
}

// ofBluegreen reports whether the change has annotations of bluegreen, which may be written through no status.
func (change change) ofBluegreen() bool {
	for key := range change.annotations {
		if strings.HasPrefix(key, "bluegreen/") {
			return true
		}
	}
	return false
}

// with returns values with keys changed.
func with(values map[string]string, changed map[string]any) map[string]string {
	values = maps.Clone(values)
	if values == nil {
		values = map[string]string{}
	}
	for key, value := range changed {
		if value == nil {
			delete(values, key)
		} else {
			values[key] = value.(string)
		}
	}
	return values
}
