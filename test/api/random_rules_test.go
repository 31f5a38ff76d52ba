package api

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// What docs/design.md says of Services and Deployments, spelled once more and apart from the code under test.

const (
	targetKey  = "bluegreen/target-version"
	labelKey   = "bluegreen/version-label"
	readyKey   = "bluegreen/ready"
	protectKey = "bluegreen/in-use-protection"
	phaseKey   = "bluegreen/phase"
	messageKey = "bluegreen/message"
	noteKey    = "bluegreen/scale-to-zero-after"
)

var labelValue = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)

func cmpStrings(a, b string) int { return strings.Compare(a, b) }

func managed(s *corev1.Service) bool {
	_, is := s.Annotations[targetKey]
	return is
}

// valid says whether every annotation of a managed Service is.
func valid(s *corev1.Service) bool {
	for key, value := range s.Annotations {
		switch key {
		case targetKey:
			if !labelValue.MatchString(value) {
				return false
			}
		case labelKey:
			if value != "version" && value != otherLabel {
				return false
			}
		case readyKey:
			if !slices.Contains([]string{"minimum", "complete", "match-live"}, value) {
				return false
			}
		case protectKey:
			if value != "enabled" && value != "disabled" {
				return false
			}
		case phaseKey, messageKey:
		default:
			if strings.HasPrefix(key, "bluegreen/") {
				return false
			}
		}
	}
	return true
}

// wanted returns the selector key of a Service and the version asked for, "" for none that could be carried out.
func wanted(s *corev1.Service) (key, target string) {
	if key = s.Annotations[labelKey]; key != otherLabel {
		key = "version"
	}
	if managed(s) && valid(s) {
		target = s.Annotations[targetKey]
	}
	return key, target
}

func pending(s *corev1.Service) bool {
	key, target := wanted(s)
	return target != "" && len(s.Spec.Selector) > 0 && s.Spec.Selector[key] != target
}

func candidate(s *corev1.Service) map[string]string {
	key, target := wanted(s)
	selector := maps.Clone(s.Spec.Selector)
	selector[key] = target
	return selector
}

func selects(selector map[string]string, d *appsv1.Deployment) bool {
	for key, value := range selector {
		if carried, is := d.Spec.Template.Labels[key]; !is || carried != value {
			return false
		}
	}
	return len(selector) > 0
}

// serves says whether a managed Service sends its traffic to a Deployment.
func serves(s *corev1.Service, d *appsv1.Deployment) bool {
	return managed(s) && selects(s.Spec.Selector, d)
}

// uses says whether a Service needs a Deployment to be kept.
func uses(s *corev1.Service, d *appsv1.Deployment) bool {
	if !managed(s) || s.Annotations[protectKey] == "disabled" {
		return false
	}
	return serves(s, d) || pending(s) && d.DeletionTimestamp == nil && selects(candidate(s), d)
}

func inUse(d *appsv1.Deployment, services []*corev1.Service) bool {
	return slices.ContainsFunc(services, func(s *corev1.Service) bool { return uses(s, d) })
}

// noted returns the Service that a scale-down waits for and the replicas that the Deployment had then.
func noted(d *appsv1.Deployment) (service, replicas string) {
	note := append(strings.Split(d.Annotations[noteKey], "/"), "", "", "")
	return note[0], note[2]
}

// due says whether a scale-down that was held is to be done.
func due(d *appsv1.Deployment, services []*corev1.Service) bool {
	name, replicas := noted(d)
	there := slices.ContainsFunc(services, func(s *corev1.Service) bool { return s.Name == name })
	return there && replicas == fmt.Sprint(*d.Spec.Replicas) && !slices.ContainsFunc(services, func(s *corev1.Service) bool {
		return wantsPods(s, d) || s.Name == name && selects(s.Spec.Selector, d)
	})
}

// wantsPods says whether a Service keeps a scale-down waiting.
func wantsPods(s *corev1.Service, d *appsv1.Deployment) bool {
	return serves(s, d) || pending(s) && selects(candidate(s), d)
}

// holdsScaleDown says whether a Service keeps a Deployment from going to 0 replicas.
func holdsScaleDown(s *corev1.Service, d *appsv1.Deployment) bool {
	return serves(s, d) && s.Annotations[protectKey] != "disabled" && pending(s)
}

// carries says whether a Deployment may get the traffic of a Service, as far as that Deployment alone tells.
func carries(d *appsv1.Deployment, s *corev1.Service) bool {
	status := d.Status
	ready := d.DeletionTimestamp == nil && *d.Spec.Replicas > 0 && status.ObservedGeneration >= d.Generation && status.AvailableReplicas > 0 &&
		slices.ContainsFunc(status.Conditions, func(c appsv1.DeploymentCondition) bool {
			return c.Type == "Available" && c.Status == "True" && c.Reason == "MinimumReplicasAvailable"
		})
	// The pods of a Deployment of this test may be of several versions: an available one must be of the new template.
	ready = ready && status.AvailableReplicas > status.Replicas-status.UpdatedReplicas
	for _, port := range s.Spec.Ports {
		ready = ready && (port.TargetPort.Type == intstr.Int || d.Spec.Template.Spec.Containers[0].Ports[0].Name == port.TargetPort.StrVal)
	}
	if s.Annotations[readyKey] == "complete" {
		n := *d.Spec.Replicas
		ready = ready && !d.Spec.Paused && status.Replicas == n && status.UpdatedReplicas == n && status.AvailableReplicas == n
	}
	return ready
}

// users returns the annotations of a Service that are not bluegreen's own.
func users(s *corev1.Service) map[string]string {
	kept := maps.Clone(s.Annotations)
	delete(kept, phaseKey)
	delete(kept, messageKey)
	return kept
}

// own returns bluegreen's own annotations of a Service.
func own(s *corev1.Service) [2]string {
	return [2]string{s.Annotations[phaseKey], s.Annotations[messageKey]}
}

// rightPhase is the phase that goes with selector and ask.
func rightPhase(s *corev1.Service) string {
	switch _, target := wanted(s); {
	case !managed(s):
		return ""
	case target == "" || len(s.Spec.Selector) == 0 || pending(s):
		return "Waiting"
	default:
		return "Stable"
	}
}
