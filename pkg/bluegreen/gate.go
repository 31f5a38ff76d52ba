package bluegreen

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// minimumReplicasAvailable is the reason of condition Available=True that the Deployment controller sets
// (k8s.io/kubernetes/pkg/controller/deployment/util.MinimumReplicasAvailable).
const minimumReplicasAvailable = "MinimumReplicasAvailable"

// verdict is why a switch is held.
type verdict struct {
	reason  Reason
	message string
}

// goal is what a target has to live up to.
type goal struct {
	policy  Policy
	service *corev1.Service
}

// checks are the gate, in order: the first that finds something is what people are told. Every Deployment whose pods the
// target would select must pass all of them.
var checks = []func(goal, *appsv1.Deployment) *verdict{
	notDeleting,
	notScaledToZero,
	portsFound,
	available,
	ownPods,
	complete,
}

// gate returns why traffic may not move to the target, or nil when it may.
func gate(policy Policy, state State) *verdict {
	g := goal{policy: policy, service: state.Service}
	if len(state.Target) == 0 {
		return &verdict{ReasonDeploymentNotFound, fmt.Sprintf(
			"No Deployment has pods labelled %s: create it, or set %s to a version that runs",
			formatSelector(policy.candidate(state.Service)), TargetVersion)}
	}
	for _, check := range checks {
		for _, deployment := range state.Target {
			if held := check(g, deployment); held != nil {
				held.message = "Deployment " + deployment.Name + ": " + held.message
				return held
			}
		}
	}
	return matchesLive(g, state)
}

func notDeleting(_ goal, deployment *appsv1.Deployment) *verdict {
	if deployment.DeletionTimestamp == nil {
		return nil
	}
	return &verdict{ReasonDeploymentDeleting, "is being deleted: create it again once it is gone, or ask for another version"}
}

func notScaledToZero(_ goal, deployment *appsv1.Deployment) *verdict {
	if hasReplicas(deployment) {
		return nil
	}
	return &verdict{ReasonScaledToZero, fmt.Sprintf("has 0 replicas: scale it up with kubectl scale deployment %s -n %s --replicas=N",
		deployment.Name, deployment.Namespace)}
}

// available asks for MinimumReplicasAvailable of the generation that is there now; a status of an older one says nothing.
func available(_ goal, deployment *appsv1.Deployment) *verdict {
	status := deployment.Status
	if status.ObservedGeneration >= deployment.Generation && status.AvailableReplicas > 0 && reportsMinimum(status.Conditions) {
		return nil
	}
	return &verdict{ReasonNotAvailable, "waiting for " + minimumReplicasAvailable}
}

// ownPods asks for an available pod of the target version where a Deployment's selector spans versions: its status counts the
// pods of the version before as well, which the Service is about to leave.
func ownPods(g goal, deployment *appsv1.Deployment) *verdict {
	if selector := deployment.Spec.Selector; selector != nil && selector.MatchLabels[g.policy.VersionLabel] == g.policy.Target {
		return nil
	}
	if status := deployment.Status; status.AvailableReplicas > status.Replicas-status.UpdatedReplicas {
		return nil
	}
	return &verdict{ReasonNotAvailable, fmt.Sprintf("waiting for an available pod of version %s (its selector spans versions; "+
		"with one Deployment for each version, the old one serves until then)", g.policy.Target)}
}

func reportsMinimum(conditions []appsv1.DeploymentCondition) bool {
	for _, condition := range conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			return condition.Status == corev1.ConditionTrue && condition.Reason == minimumReplicasAvailable
		}
	}
	return false
}

// portsFound asks for every port that the Service names: without it the pods are ready, and get no traffic.
func portsFound(g goal, deployment *appsv1.Deployment) *verdict {
	for _, port := range g.service.Spec.Ports {
		if port.TargetPort.Type == intstr.String && !hasPort(deployment.Spec.Template.Spec, port) {
			return &verdict{ReasonPortNotFound, fmt.Sprintf("no container has a %s port named %q, a targetPort of the Service",
				cmp.Or(port.Protocol, corev1.ProtocolTCP), port.TargetPort.StrVal)}
		}
	}
	return nil
}

func hasPort(pod corev1.PodSpec, wanted corev1.ServicePort) bool {
	for _, container := range ServingContainers(pod) {
		for _, port := range container.Ports {
			if port.Name == wanted.TargetPort.StrVal &&
				cmp.Or(port.Protocol, corev1.ProtocolTCP) == cmp.Or(wanted.Protocol, corev1.ProtocolTCP) {
				return true
			}
		}
	}
	return false
}

// ServingContainers returns the containers whose ports a Service may name: all but the init containers that end.
func ServingContainers(pod corev1.PodSpec) []corev1.Container {
	containers := slices.Clone(pod.Containers)
	for _, container := range pod.InitContainers {
		if ptr.Deref(container.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, container)
		}
	}
	return containers
}

// complete asks for a rollout that is over, where the Service wants that.
func complete(g goal, deployment *appsv1.Deployment) *verdict {
	if g.policy.Ready != Complete {
		return nil
	}
	if deployment.Spec.Paused {
		return &verdict{ReasonPaused, fmt.Sprintf("is paused, and %s=%s asks for a complete rollout: kubectl rollout resume deployment %s -n %s",
			Ready, Complete, deployment.Name, deployment.Namespace)}
	}
	status, replicas := deployment.Status, ptr.Deref(deployment.Spec.Replicas, 1)
	if status.UpdatedReplicas == replicas && status.Replicas == replicas && status.AvailableReplicas == replicas {
		return nil
	}
	return &verdict{ReasonNotComplete, "waiting for every replica to be updated and available"}
}

// matchesLive asks for as many available replicas as the live version has, where the Service wants that. A live version that
// is down asks for none: a switch back is judged by its destination alone. What serves already and is of the target as well
// (the selector does not name a version yet) goes on serving, and need not be matched.
func matchesLive(g goal, state State) *verdict {
	if g.policy.Ready != MatchLive || availableReplicas(state.Target) >= availableReplicas(without(state.Live, state.Target)) {
		return nil
	}
	return &verdict{ReasonFewerThanLive, fmt.Sprintf("Version %s: waiting for as many available replicas as %s has",
		g.policy.Target, describeLive(g.policy, state.Service))}
}

func availableReplicas(deployments []*appsv1.Deployment) int32 {
	var sum int32
	for _, deployment := range deployments {
		sum += deployment.Status.AvailableReplicas
	}
	return sum
}
