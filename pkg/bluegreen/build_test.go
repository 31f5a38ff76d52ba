package bluegreen

import (
	"maps"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

type serviceOption func(*corev1.Service)

// service is the Service shop/nginx, unmanaged, with traffic on version 1.10.
func service(options ...serviceOption) *corev1.Service {
	built := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx"},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: pairs("name", "nginx", "version", "1.10"),
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
	}
	for _, option := range options {
		option(built)
	}
	return built
}

// managed is service with its target on what serves, as bluegreen leaves it.
func managed(options ...serviceOption) *corev1.Service {
	return service(append([]serviceOption{asks("1.10"), annotation(PhaseKey, "Stable")}, options...)...)
}

// waiting is a managed Service whose target version is not ready.
func waiting(options ...serviceOption) *corev1.Service {
	return service(append([]serviceOption{asks("1.11"), annotation(PhaseKey, "Waiting"), annotation(MessageKey, "not yet")}, options...)...)
}

func annotation(key, value string) serviceOption {
	return func(s *corev1.Service) {
		s.Annotations = maps.Clone(s.Annotations)
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations[key] = value
	}
}

func asks(version string) serviceOption { return annotation(TargetVersion, version) }

func lacks(keys ...string) serviceOption {
	return func(s *corev1.Service) {
		for _, key := range keys {
			delete(s.Annotations, key)
		}
	}
}

func selects(keysAndValues ...string) serviceOption {
	return func(s *corev1.Service) { s.Spec.Selector = pairs(keysAndValues...) }
}

func externalName(s *corev1.Service) {
	s.Spec.Type = corev1.ServiceTypeExternalName
	s.Spec.ExternalName = "example.org"
}

func owned(entries ...metav1.ManagedFieldsEntry) serviceOption {
	return func(s *corev1.Service) { s.ManagedFields = entries }
}

func pairs(keysAndValues ...string) map[string]string {
	if len(keysAndValues) == 0 {
		return nil
	}
	built := map[string]string{}
	for i := 0; i < len(keysAndValues); i += 2 {
		built[keysAndValues[i]] = keysAndValues[i+1]
	}
	return built
}

type deploymentOption func(*appsv1.Deployment)

// deployment is one of version's, named nginx-<version>, with 3 of 3 replicas available.
func deployment(version string, options ...deploymentOption) *appsv1.Deployment {
	built := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx-" + version, UID: "3", Generation: 2},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](3),
			Selector: &metav1.LabelSelector{MatchLabels: pairs("name", "nginx", "version", version)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pairs("name", "nginx", "version", version)}},
		},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 3, AvailableReplicas: 3, Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"},
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable"},
		}},
	}
	for _, option := range options {
		option(built)
	}
	return built
}

func named(name string) deploymentOption {
	return func(d *appsv1.Deployment) { d.Name = name }
}

func labelled(keysAndValues ...string) deploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Template.Labels = pairs(keysAndValues...) }
}

// starting has pods, none of them available.
func starting(d *appsv1.Deployment) {
	d.Status.AvailableReplicas = 0
	d.Status.Conditions = []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Reason: "MinimumReplicasUnavailable"},
	}
}

func replicas(count int32) deploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To(count) }
}

func deleting(d *appsv1.Deployment) {
	d.DeletionTimestamp = &metav1.Time{}
	d.Finalizers = []string{"example.org/slow"}
}

func equalMaps(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
