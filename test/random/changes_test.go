package random

import (
	"maps"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
)

// change is what somebody wants of a Service: keys with their values, nil for none.
type change struct {
	annotations map[string]any
	selector    map[string]any
}

// pick returns one of several things.
func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// weighted is something that happens as often as its weight says.
type weighted[T any] struct {
	weight int
	what   T
}

func pickWeighted[T any](r *rand.Rand, all []weighted[T]) T {
	sum := 0
	for _, w := range all {
		sum += w.weight
	}
	at := r.IntN(sum)
	for _, w := range all {
		if at -= w.weight; at < 0 {
			return w.what
		}
	}
	panic("unreachable")
}

// changes are what people want, given the Service as it is.
var changes = []weighted[func(r *rand.Rand, s *corev1.Service, c change)]{
	{25, func(r *rand.Rand, _ *corev1.Service, c change) { c.annotations[targetKey] = someVersion(r) }},
	{10, func(r *rand.Rand, s *corev1.Service, c change) { // A manifest with the version in both places.
		c.annotations[targetKey] = someVersion(r)
		c.selector[keyOf(s)] = c.annotations[targetKey]
	}},
	{4, func(r *rand.Rand, s *corev1.Service, c change) { // Two versions in one write.
		c.annotations[targetKey], c.selector[keyOf(s)] = someVersion(r), someVersion(r)
	}},
	{6, func(_ *rand.Rand, s *corev1.Service, c change) { // Withdrawn.
		if live := s.Spec.Selector[keyOf(s)]; live != "" {
			c.annotations[targetKey] = live
		}
	}},
	{8, func(r *rand.Rand, s *corev1.Service, c change) { c.selector[keyOf(s)] = someVersion(r) }},
	{3, func(_ *rand.Rand, s *corev1.Service, c change) { c.selector[keyOf(s)] = nil }},
	{2, func(_ *rand.Rand, s *corev1.Service, c change) { // Emptied.
		for key := range s.Spec.Selector {
			c.selector[key] = nil
		}
	}},
	{4, func(r *rand.Rand, _ *corev1.Service, c change) { // Pods that no gate has looked at.
		c.selector[pick(r, "name", "tier")] = pick[any](r, "other", nil, "web")
	}},
	{5, func(_ *rand.Rand, _ *corev1.Service, c change) { c.annotations[targetKey] = nil }},
	{3, func(r *rand.Rand, s *corev1.Service, c change) { // Released and moved in one write.
		c.annotations[targetKey], c.selector[keyOf(s)] = nil, someVersion(r)
	}},
	{4, func(r *rand.Rand, s *corev1.Service, c change) { // A release that takes every option along.
		c.annotations[targetKey] = nil
		c.annotations[labelKey], c.annotations[readyKey], c.annotations[protectKey] = nil, nil, nil
	}},
	{5, func(r *rand.Rand, _ *corev1.Service, c change) {
		c.annotations[readyKey] = pick[any](r, "minimum", "complete", "match-live", nil)
	}},
	{3, func(r *rand.Rand, _ *corev1.Service, c change) {
		c.annotations[labelKey] = pick[any](r, "version", otherLabel, nil, nil)
	}},
	{3, func(r *rand.Rand, _ *corev1.Service, c change) {
		c.annotations[protectKey] = pick[any](r, "enabled", "disabled", nil)
	}},
	{6, func(r *rand.Rand, _ *corev1.Service, c change) { // bluegreen's own.
		c.annotations[phaseKey] = pick[any](r, "Stable", "Waiting", "haha", nil)
		if r.IntN(2) == 0 {
			c.annotations[messageKey] = pick[any](r, "haha", nil)
		}
	}},
	{6, func(r *rand.Rand, _ *corev1.Service, c change) { // Bad values.
		c.annotations[pick(r, targetKey, readyKey, labelKey, protectKey, "bluegreen/promotoin")] = pick[any](r, "not a label!", "")
	}},
	{5, func(r *rand.Rand, _ *corev1.Service, c change) { // Mended.
		maps.Copy(c.annotations, map[string]any{readyKey: nil, labelKey: nil, protectKey: nil, "bluegreen/promotoin": nil, targetKey: someVersion(r)})
	}},
	{3, func(r *rand.Rand, _ *corev1.Service, c change) {
		c.annotations["owner"] = pick[any](r, "me", "you", nil)
	}},
}

// someVersion is a version to ask for; few ask for one that does not exist.
func someVersion(r *rand.Rand) string {
	if r.IntN(15) == 0 {
		return "9"
	}
	return pick(r, versions...)
}

func keyOf(s *corev1.Service) string {
	key, _ := wanted(s)
	return key
}

// on applies a change to a Service.
func (c change) on(s *corev1.Service) *corev1.Service {
	changed := s.DeepCopy()
	changed.Annotations = with(changed.Annotations, c.annotations)
	changed.Spec.Selector = with(changed.Spec.Selector, c.selector)
	return changed
}

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
