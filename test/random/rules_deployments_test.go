package random

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	finalizer = "bluegreen/in-use-protection"
	servesKey = "bluegreen/serves"
	noteKey   = "bluegreen/scale-to-zero-after"
	resumeKey = "bluegreen/resume-after"
	leftKey   = "bluegreen/left"
)

func protected(d *appsv1.Deployment) bool { return slices.Contains(d.Finalizers, finalizer) }

// has reports whether labels include all of a selector.
func has(labels, selector map[string]string) bool {
	for key, value := range selector {
		if carried, is := labels[key]; !is || carried != value {
			return false
		}
	}
	return true
}

// selects reports whether a selector selects the pods of a Deployment's template.
func selects(selector map[string]string, d *appsv1.Deployment) bool {
	return len(selector) > 0 && has(d.Spec.Template.Labels, selector)
}

// podLabels returns the labels by which the pods of a Deployment serve, as bluegreen noted them; nil for none.
func podLabels(d *appsv1.Deployment) map[string]string {
	note, is := d.Annotations[servesKey]
	if !is || !protected(d) {
		return nil
	}
	found := map[string]string{}
	for pair := range strings.SplitSeq(note, ",") {
		if key, value, is := strings.Cut(pair, "="); is {
			found[key] = value
		}
	}
	return found
}

// reaches reports whether a selector selects pods that a Deployment has or, unless it is being deleted, will have.
func reaches(selector map[string]string, d *appsv1.Deployment) bool {
	carried := podLabels(d)
	if has(carried, selector) {
		return len(selector) > 0
	}
	return selects(selector, d) && (d.DeletionTimestamp == nil || carried == nil)
}

// contradicted reports whether the template of a Deployment says something else than its pods carry.
func contradicted(d *appsv1.Deployment) bool { return !has(d.Spec.Template.Labels, podLabels(d)) }

// parts reports whether a Deployment, rolled out, would lose the traffic of a Service.
func parts(s *corev1.Service, d *appsv1.Deployment) bool {
	return len(s.Spec.Selector) > 0 && has(podLabels(d), s.Spec.Selector) && !selects(s.Spec.Selector, d)
}

// protects reports whether a Service is managed and has its Deployments protected.
func protects(s *corev1.Service) bool { return managed(s) && s.Annotations[protectKey] != "disabled" }

// guards reports whether a Service wants its Deployments kept.
func guards(s *corev1.Service) bool { return protects(s) && len(s.Spec.Selector) > 0 }

// maybeLeft reports whether a Service selects the pods of a Deployment but for the version.
func maybeLeft(s *corev1.Service, d *appsv1.Deployment) bool {
	key, _ := wanted(s)
	others := maps.Clone(s.Spec.Selector)
	delete(others, key)
	return guards(s) && (len(others) == 0 || reaches(others, d))
}

// serves reports whether a managed Service sends its traffic to a Deployment.
func serves(s *corev1.Service, d *appsv1.Deployment) bool {
	return managed(s) && reaches(s.Spec.Selector, d)
}

// uses reports whether a Service needs a Deployment to be kept.
func uses(s *corev1.Service, d *appsv1.Deployment) bool {
	return protects(s) && (serves(s, d) || goesOn(s) && d.DeletionTimestamp == nil && selects(candidate(s), d))
}

func inUse(d *appsv1.Deployment, services []*corev1.Service) bool {
	return slices.ContainsFunc(services, func(s *corev1.Service) bool { return uses(s, d) })
}

// noted returns the Service that a scale-down waits for and the replicas that the Deployment had then.
func noted(d *appsv1.Deployment) (service, replicas string) {
	note := append(strings.Split(d.Annotations[noteKey], "/"), "", "", "")
	return note[0], note[2]
}

// due reports whether a scale-down that was held is to be done.
func due(d *appsv1.Deployment, services []*corev1.Service) bool {
	name, replicas := noted(d)
	exists := slices.ContainsFunc(services, func(s *corev1.Service) bool { return s.Name == name })
	kept := slices.ContainsFunc(services, func(s *corev1.Service) bool {
		return wantsPods(s, d) || s.Name == name && reaches(s.Spec.Selector, d)
	})
	return exists && !kept && replicas == fmt.Sprint(*d.Spec.Replicas)
}

// wantsPods reports whether a Service keeps a scale-down waiting.
func wantsPods(s *corev1.Service, d *appsv1.Deployment) bool {
	return serves(s, d) || goesOn(s) && selects(candidate(s), d)
}

// mayReturn reports whether traffic of a Service may return to a Deployment at an instant.
func mayReturn(s *corev1.Service, d *appsv1.Deployment, at time.Time) bool {
	version, until := returning(s)
	return version != "" && at.Before(until) && guards(s) && selects(onVersion(s, version), d)
}

// holdsScaleDown reports whether a Service keeps a Deployment from going to 0 replicas.
func holdsScaleDown(s *corev1.Service, d *appsv1.Deployment) bool {
	return serves(s, d) && protects(s) && pending(s)
}

// holdsRollout reports whether a Service keeps a Deployment from rolling out labels by which it would lose traffic. It does not where
// nothing else can become what it asks for.
func holdsRollout(s *corev1.Service, d *appsv1.Deployment) bool {
	return guards(s) && parts(s, d) && !(pending(s) && selects(candidate(s), d) && !unapproved(s))
}

// carries reports whether a Deployment may get the traffic of a Service, as far as that Deployment alone tells.
func carries(d *appsv1.Deployment, s *corev1.Service) bool {
	return ready(d) && hasPorts(d, s) && (s.Annotations[readyKey] != "complete" || complete(d))
}

// ready reports whether a Deployment has what every gate asks for.
func ready(d *appsv1.Deployment) bool {
	replicas, status := *d.Spec.Replicas, d.Status
	stays := d.DeletionTimestamp == nil || protected(d)
	observed := status.ObservedGeneration >= d.Generation
	// The pods of a Deployment of this test may be of several versions. A quarter may be unavailable in a rollout, rounded down.
	enough := replicas > 0 && status.AvailableReplicas > 0 && ofTheTemplate(d) >= max(1, replicas-replicas/4)
	return stays && observed && enough && slices.ContainsFunc(status.Conditions, isAvailable)
}

func isAvailable(condition appsv1.DeploymentCondition) bool {
	return condition.Type == "Available" && condition.Status == "True" && condition.Reason == "MinimumReplicasAvailable"
}

// hasPorts reports whether a Deployment has every port that a Service names.
func hasPorts(d *appsv1.Deployment, s *corev1.Service) bool {
	name := d.Spec.Template.Spec.Containers[0].Ports[0].Name
	return !slices.ContainsFunc(s.Spec.Ports, func(port corev1.ServicePort) bool {
		return port.TargetPort.Type == intstr.String && port.TargetPort.StrVal != name
	})
}

// complete reports whether the rollout of a Deployment is.
func complete(d *appsv1.Deployment) bool {
	replicas, status := *d.Spec.Replicas, d.Status
	return !d.Spec.Paused && status.Replicas == replicas && status.UpdatedReplicas == replicas && status.AvailableReplicas == replicas
}

// ofTheTemplate returns how many available pods are of the present template for sure.
func ofTheTemplate(d *appsv1.Deployment) int32 {
	return d.Status.AvailableReplicas - (d.Status.Replicas - d.Status.UpdatedReplicas)
}
