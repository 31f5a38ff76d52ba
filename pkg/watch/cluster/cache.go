package cluster

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
)

// CacheByObject makes the informers keep only what decisions are made of. Most Services and Deployments of a cluster are
// not ours, and the API server cannot filter by annotation.
//
// Of Jobs they hold those that check a version, and none as long as nobody asks for them.
func CacheByObject() map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&corev1.Service{}:    {Transform: pack(keepOfService)},
		&appsv1.Deployment{}: {Transform: pack(keepOfDeployment)},
		&batchv1.Job{}:       {Transform: reduceJob, Label: checkJobs},
	}
}

func keepOfService(service *corev1.Service) *corev1.Service {
	kept := &corev1.Service{ObjectMeta: keepOfMeta(service.ObjectMeta)}
	if bluegreen.Concerns(service) {
		kept.Annotations = bluegreen.Annotations(service)
		kept.Spec.Selector = service.Spec.Selector
		kept.Spec.Type = service.Spec.Type
		for _, port := range service.Spec.Ports {
			if port.TargetPort.Type == intstr.String {
				kept.Spec.Ports = append(kept.Spec.Ports, corev1.ServicePort{Protocol: port.Protocol, TargetPort: port.TargetPort})
			}
		}
	}
	return kept
}

func keepOfDeployment(deployment *appsv1.Deployment) *appsv1.Deployment {
	kept := &appsv1.Deployment{ObjectMeta: keepOfMeta(deployment.ObjectMeta)}
	kept.Generation = deployment.Generation
	kept.Finalizers = deployment.Finalizers
	kept.Annotations = bluegreen.Notes(deployment)
	kept.Spec.Replicas = deployment.Spec.Replicas
	kept.Spec.Paused = deployment.Spec.Paused
	kept.Spec.MinReadySeconds = deployment.Spec.MinReadySeconds
	kept.Spec.ProgressDeadlineSeconds = deployment.Spec.ProgressDeadlineSeconds
	kept.Spec.Strategy = deployment.Spec.Strategy
	kept.Spec.Selector = deployment.Spec.Selector
	kept.Spec.Template.Labels = deployment.Spec.Template.Labels
	kept.Spec.Template.Spec.Containers = keepOfContainers(ladder.ServingContainers(deployment.Spec.Template.Spec))
	kept.Status.ObservedGeneration = deployment.Status.ObservedGeneration
	kept.Status.Replicas = deployment.Status.Replicas
	kept.Status.UpdatedReplicas = deployment.Status.UpdatedReplicas
	kept.Status.AvailableReplicas = deployment.Status.AvailableReplicas
	kept.Status.Conditions = ladder.Conditions(deployment)
	return kept
}

// keepOfContainers gathers the named ports of containers in one container, and keeps none if none is named.
func keepOfContainers(containers []corev1.Container) []corev1.Container {
	var named []corev1.ContainerPort
	for _, container := range containers {
		for _, port := range container.Ports {
			if port.Name != "" {
				named = append(named, corev1.ContainerPort{Name: port.Name, Protocol: port.Protocol})
			}
		}
	}
	if named == nil {
		return nil
	}
	return []corev1.Container{{Ports: named}}
}

func keepOfMeta(meta metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace:         meta.Namespace,
		Name:              meta.Name,
		UID:               meta.UID,
		ResourceVersion:   meta.ResourceVersion,
		DeletionTimestamp: meta.DeletionTimestamp,
	}
}
