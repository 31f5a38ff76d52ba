package random

import (
	corev1 "k8s.io/api/core/v1"
)

const (
	followsKey = "bluegreen/follows"
	previewKey = "bluegreen/preview-of"
)

// leaderOf returns the name of the Service that leads another one, "" for none.
func leaderOf(s *corev1.Service) string { return s.Annotations[followsKey] + s.Annotations[previewKey] }

// isPreview reports whether a Service is a preview, for which nothing is kept.
func isPreview(s *corev1.Service) bool { return s.Annotations[previewKey] != "" }

// leads reports whether others can take their version from a Service; nil does not exist.
func leads(s *corev1.Service) bool { return s != nil && managed(s) && sound(s) }

// dueOf returns the version that is due for a Service that is led, "" for none.
func dueOf(s, leader *corev1.Service) string {
	if !leads(leader) {
		return ""
	}
	key, target := wanted(leader)
	if isPreview(s) {
		return target
	}
	return leader.Spec.Selector[key]
}

// onTheirWay returns Services with a follower as what it is to its Deployments: one that is asked for its leader's target, with the
// options of that, and for nothing at all while that does not lead. A preview is to them like any other Service.
func onTheirWay(services []*corev1.Service) []*corev1.Service {
	byName := map[string]*corev1.Service{}
	for _, s := range services {
		byName[s.Name] = s
	}
	var found []*corev1.Service
	for _, s := range services {
		if leaderOf(s) != "" {
			s = asAsked(s, byName[leaderOf(s)])
		}
		found = append(found, s)
	}
	return found
}

// asAsked returns a Service that is led as one that is asked.
func asAsked(s, leader *corev1.Service) *corev1.Service {
	asked := s.DeepCopy()
	delete(asked.Annotations, followsKey)
	delete(asked.Annotations, previewKey)
	if isPreview(s) {
		return asked
	}
	asked.Annotations[targetKey] = ""
	if !leads(leader) {
		return asked
	}
	for _, key := range []string{targetKey, readyKey, protectKey, promoteKey, approvedKey} {
		if value, set := leader.Annotations[key]; set {
			asked.Annotations[key] = value
		}
	}
	return asked
}

// phaseOfLed is the phase that goes with where a Service that is led is, and where it is due.
func phaseOfLed(s, leader *corev1.Service) string {
	if due := dueOf(s, leader); due != "" && s.Spec.Selector["version"] == due {
		return "Stable"
	}
	return "Waiting"
}
