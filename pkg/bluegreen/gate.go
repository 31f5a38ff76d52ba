package bluegreen

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// minimumReplicasAvailable is the reason of condition Available=True that the Deployment controller sets
// (k8s.io/kubernetes/pkg/controller/deployment/util.MinimumReplicasAvailable).
const minimumReplicasAvailable = "MinimumReplicasAvailable"

// verdict is why a switch is held.
type verdict struct {
	reason  Reason
	message string
}

// checks are the gate, in order: the first that finds something is what people are told. Every Deployment whose pods the
// target would select must pass all of them.
var checks = []func(*appsv1.Deployment) *verdict{
	notDeleting,
	notScaledToZero,
	available,
}

// gate returns why traffic may not move to the target, or nil when it may.
func gate(policy Policy, state State) *verdict {
	if len(state.Deployments) == 0 {
		return &verdict{ReasonDeploymentNotFound, fmt.Sprintf(
			"No Deployment has pods labelled %s: create it, or set %s to a version that runs",
			formatSelector(policy.candidate(state.Service)), TargetVersion)}
	}
	for _, check := range checks {
		for _, deployment := range state.Deployments {
			if held := check(deployment); held != nil {
				held.message = "Deployment " + deployment.Name + ": " + held.message
				return held
			}
		}
	}
	return nil
}

func notDeleting(deployment *appsv1.Deployment) *verdict {
	if deployment.DeletionTimestamp == nil {
		return nil
	}
	return &verdict{ReasonDeploymentDeleting, "is being deleted: create it again, or ask for another version"}
}

func notScaledToZero(deployment *appsv1.Deployment) *verdict {
	if deployment.Spec.Replicas == nil || *deployment.Spec.Replicas > 0 {
		return nil
	}
	return &verdict{ReasonScaledToZero, fmt.Sprintf("has 0 replicas: scale it up with kubectl scale deployment %s -n %s --replicas=N",
		deployment.Name, deployment.Namespace)}
}

// available asks for MinimumReplicasAvailable of the generation that is there now; a status of an older one says nothing.
func available(deployment *appsv1.Deployment) *verdict {
	status := deployment.Status
	if status.ObservedGeneration >= deployment.Generation && status.AvailableReplicas > 0 && reportsMinimum(status.Conditions) {
		return nil
	}
	return &verdict{ReasonNotAvailable, "waiting for " + minimumReplicasAvailable}
}

func reportsMinimum(conditions []appsv1.DeploymentCondition) bool {
	for _, condition := range conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			return condition.Status == corev1.ConditionTrue && condition.Reason == minimumReplicasAvailable
		}
	}
	return false
}
