package random

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

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
	drainKey   = "bluegreen/drain"
	servesKey  = "bluegreen/serves"
	resumeKey  = "bluegreen/resume-after"
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
		case drainKey:
			if drain, err := time.ParseDuration(value); err != nil || drain < 0 {
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

// podLabels returns the labels by which the pods of a Deployment serve, as bluegreen noted them; nil for none.
func podLabels(d *appsv1.Deployment) map[string]string {
	note, is := d.Annotations[servesKey]
	if !is || !protected(d) {
		return nil
	}
	found := map[string]string{}
	for _, pair := range strings.Split(note, ",") {
		if key, value, is := strings.Cut(pair, "="); is {
			found[key] = value
		}
	}
	return found
}

// reaches says whether a selector selects pods that a Deployment has or, unless it is being deleted, will have.
func reaches(selector map[string]string, d *appsv1.Deployment) bool {
	carried := podLabels(d)
	if has(carried, selector) {
		return len(selector) > 0
	}
	return selects(selector, d) && (d.DeletionTimestamp == nil || carried == nil)
}

func has(all, some map[string]string) bool {
	for key, value := range some {
		if carried, is := all[key]; !is || carried != value {
			return false
		}
	}
	return true
}

// contradicted says whether the template of a Deployment says something else than its pods carry.
func contradicted(d *appsv1.Deployment) bool { return !has(d.Spec.Template.Labels, podLabels(d)) }

// parts says whether a Deployment, rolled out, would lose the traffic of a Service.
func parts(s *corev1.Service, d *appsv1.Deployment) bool {
	return len(s.Spec.Selector) > 0 && has(podLabels(d), s.Spec.Selector) && !selects(s.Spec.Selector, d)
}

// guards says whether a Service wants its Deployments kept.
func guards(s *corev1.Service) bool {
	return managed(s) && s.Annotations[protectKey] != "disabled" && len(s.Spec.Selector) > 0
}

// maybeLeft says whether a Service selects the pods of a Deployment but for the version.
func maybeLeft(s *corev1.Service, d *appsv1.Deployment) bool {
	key, _ := wanted(s)
	others := maps.Clone(s.Spec.Selector)
	delete(others, key)
	return guards(s) && (len(others) == 0 || reaches(others, d))
}

// serves says whether a managed Service sends its traffic to a Deployment.
func serves(s *corev1.Service, d *appsv1.Deployment) bool {
	return managed(s) && reaches(s.Spec.Selector, d)
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
		return wantsPods(s, d) || s.Name == name && reaches(s.Spec.Selector, d)
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
	status, n := d.Status, *d.Spec.Replicas
	ready := (d.DeletionTimestamp == nil || protected(d)) && n > 0 && status.ObservedGeneration >= d.Generation && status.AvailableReplicas > 0 &&
		slices.ContainsFunc(status.Conditions, func(c appsv1.DeploymentCondition) bool {
			return c.Type == "Available" && c.Status == "True" && c.Reason == "MinimumReplicasAvailable"
		})
	// The pods of a Deployment of this test may be of several versions. A quarter may be unavailable in a rollout, rounded down.
	ready = ready && ofTheTemplate(d) >= max(1, n-n/4)
	for _, port := range s.Spec.Ports {
		ready = ready && (port.TargetPort.Type == intstr.Int || d.Spec.Template.Spec.Containers[0].Ports[0].Name == port.TargetPort.StrVal)
	}
	if s.Annotations[readyKey] == "complete" {
		ready = ready && !d.Spec.Paused && status.Replicas == n && status.UpdatedReplicas == n && status.AvailableReplicas == n
	}
	return ready
}

// ofTheTemplate returns how many available pods are of the present template for sure.
func ofTheTemplate(d *appsv1.Deployment) int32 {
	return d.Status.AvailableReplicas - (d.Status.Replicas - d.Status.UpdatedReplicas)
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
