package random

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

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
