package walks

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// The gate, spelled once more.

// closed returns why traffic of a Service may not go to a version by what bluegreen has read last, empty if it may. Of what its cache did
// not know, bluegreen has not read anything.
func (w *world) closed(by act, service *corev1.Service, version string, returns bool) string {
	selector, ready := onVersion(service, version), service.Annotations[readyKey]
	if leader := by.confirmed.at(leaderOf(service)); leader != nil {
		ready = leader.Annotations[readyKey]
	}
	found := targetsOf(by.confirmed, service, selector)
	carry, available := 0, int32(0)
	for _, deployment := range found {
		known := by.cached.deployments[deployment.Name]
		if problem := unready(deployment, selector, ready); problem == "" {
			carry, available = carry+1, available+ownAvailable(deployment, selector)
		} else if known != nil && has(known.Spec.Template.Labels, selector) {
			return fmt.Sprintf("%s: %s", summary(deployment), problem)
		}
	}
	switch {
	case carry == 0:
		return fmt.Sprintf("no Deployment carries %v", selector)
	case ready == "match-live" && !returns && available < liveAvailable(by, service, found):
		return "fewer replicas are available than serve"
	default:
		return ""
	}
}

// targetsOf returns the Deployments of a selector. One whose pods serve under other labels is among them only if there is no other.
func targetsOf(all objects, service *corev1.Service, selector map[string]string) []*appsv1.Deployment {
	var free, leaving []*appsv1.Deployment
	for _, deployment := range inOrder(all.deployments) {
		switch {
		case !has(deployment.Spec.Template.Labels, selector):
		case protected(deployment) && has(pairs(deployment.Annotations[servesKey]), service.Spec.Selector) &&
			!has(deployment.Spec.Template.Labels, service.Spec.Selector):
			leaving = append(leaving, deployment)
		default:
			free = append(free, deployment)
		}
	}
	if len(free) > 0 {
		return free
	}
	return leaving
}

// unready returns why a Deployment carries no traffic, empty if it does.
func unready(deployment *appsv1.Deployment, selector map[string]string, ready string) string {
	replicas, status := *deployment.Spec.Replicas, deployment.Status
	all := status.Replicas == replicas && status.UpdatedReplicas == replicas && status.AvailableReplicas == replicas
	switch {
	case deployment.DeletionTimestamp != nil && !protected(deployment):
		return "is being deleted"
	case replicas == 0:
		return "has no replicas"
	case status.ObservedGeneration < deployment.Generation:
		return "its status is old"
	case status.AvailableReplicas == 0 || len(status.Conditions) == 0 || status.Conditions[0].Status != corev1.ConditionTrue:
		return "is not available"
	case ownAvailable(deployment, selector) < replicas-replicas/4:
		return "has too few pods of its template"
	case ready == "complete" && (!all || deployment.Spec.Paused):
		return "is not complete"
	default:
		return ""
	}
}

// ownAvailable returns how many available pods of a Deployment a selector selects for sure.
func ownAvailable(deployment *appsv1.Deployment, selector map[string]string) int32 {
	status := deployment.Status
	if has(deployment.Spec.Selector.MatchLabels, selector) {
		return status.AvailableReplicas
	}
	return max(0, status.AvailableReplicas-max(0, status.Replicas-status.UpdatedReplicas))
}

// liveAvailable returns how many replicas a switch leaves, at least: by what is stored, or what the cache knew.
func liveAvailable(by act, service *corev1.Service, targets []*appsv1.Deployment) int32 {
	least := int32(-1)
	for _, all := range []objects{by.cached, by.confirmed} {
		sum := int32(0)
		for _, deployment := range inOrder(all.deployments) {
			if reaches(service.Spec.Selector, deployment) && !named(targets, deployment.Name) {
				sum += deployment.Status.AvailableReplicas
			}
		}
		if least < 0 || sum < least {
			least = sum
		}
	}
	return least
}

// reaches reports whether a selector selects pods that a Deployment has, or makes.
func reaches(selector map[string]string, deployment *appsv1.Deployment) bool {
	noted := protected(deployment) && deployment.Annotations[servesKey] != ""
	if noted && has(pairs(deployment.Annotations[servesKey]), selector) {
		return true
	}
	return has(deployment.Spec.Template.Labels, selector) && (deployment.DeletionTimestamp == nil || !noted)
}

func named(deployments []*appsv1.Deployment, name string) bool {
	for _, deployment := range deployments {
		if deployment.Name == name {
			return true
		}
	}
	return false
}
