package watch

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// CacheByObject makes the informers keep only what decisions are made of. Most Services and Deployments of a cluster are
// none of ours, and the API server cannot filter by annotation.
func CacheByObject() map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&corev1.Service{}:    {Transform: keepOfService},
		&appsv1.Deployment{}: {Transform: keepOfDeployment},
	}
}

func keepOfService(object any) (any, error) {
	service, ok := object.(*corev1.Service)
	if !ok {
		return object, nil // A tombstone.
	}
	kept := &corev1.Service{ObjectMeta: keepOfMeta(service.ObjectMeta)}
	if bluegreen.Concerns(service) {
		kept.Annotations = bluegreen.Annotations(service)
		kept.Spec.Selector = service.Spec.Selector
		kept.Spec.Type = service.Spec.Type
	}
	return kept, nil
}

func keepOfDeployment(object any) (any, error) {
	deployment, ok := object.(*appsv1.Deployment)
	if !ok {
		return object, nil // A tombstone.
	}
	kept := &appsv1.Deployment{ObjectMeta: keepOfMeta(deployment.ObjectMeta)}
	kept.Generation = deployment.Generation
	kept.Spec.Replicas = deployment.Spec.Replicas
	kept.Spec.Template.Labels = deployment.Spec.Template.Labels
	kept.Status.ObservedGeneration = deployment.Status.ObservedGeneration
	kept.Status.AvailableReplicas = deployment.Status.AvailableReplicas
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			kept.Status.Conditions = []appsv1.DeploymentCondition{{Type: condition.Type, Status: condition.Status, Reason: condition.Reason}}
			break // As in Decide, the first of that type counts.
		}
	}
	return kept, nil
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
