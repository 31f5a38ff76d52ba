// Package watchtest builds what the tests of controllers share: objects with more to them than the cache keeps, and fake clients.
package watchtest

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Versions of nginx.
const (
	Blue  = "1.10"
	Green = "1.11"
)

// Nginx is a Service with traffic on version 1.10 and more to it than the cache keeps.
func Nginx(annotations map[string]string) *corev1.Service {
	built := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx", UID: "1", Labels: map[string]string{"app": "shop"},
			Annotations: map[string]string{"example.org/load-balancer": "internal"}},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeLoadBalancer,
			Selector: map[string]string{"name": "nginx", "version": "1.10"},
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
		Status: corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}}},
	}
	maps.Copy(built.Annotations, annotations)
	return built
}

func Asking(version string) *corev1.Service {
	return Nginx(map[string]string{bluegreen.TargetVersion: version})
}

// OnVersion is the Service with its traffic on a version, asked for.
func OnVersion(version string) *corev1.Service {
	built := Asking(version)
	built.Spec.Selector["version"] = version
	return built
}

// Ready is a Deployment of version 1.11 that can carry the traffic.
func Ready(name string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: "2", Generation: 1, Labels: map[string]string{"app": "shop"}},
		Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](3), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"name": "nginx", "version": "1.11"}}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"name": "nginx", "version": "1.11"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx"}}},
		}},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 1, AvailableReplicas: 3, Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable", Message: "so it is"},
		}},
	}
}

func Starting(name string) *appsv1.Deployment {
	built := Ready(name)
	built.Status.AvailableReplicas = 0
	built.Status.Conditions[0].Status = corev1.ConditionFalse
	return built
}

// Serving is a ready Deployment of a version, with the finalizer and one of somebody else's.
func Serving(version string) *appsv1.Deployment {
	built := Ready("nginx-" + version)
	built.Spec.Template.Labels["version"] = version
	built.Spec.Selector.MatchLabels["version"] = version
	built.Finalizers = []string{"example.org/theirs", bluegreen.InUseProtection}
	return built
}

// HeldSlot is a slot with pods of 1.10 whose rollout to 1.12 bluegreen has paused.
func HeldSlot() *appsv1.Deployment {
	slot := Serving(Blue)
	slot.Spec.Selector.MatchLabels = map[string]string{"name": "nginx", "slot": "blue"}
	slot.Spec.Template.Labels = map[string]string{"name": "nginx", "slot": "blue", "version": "1.12"}
	slot.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.10", bluegreen.ResumeAfter: "2/3/3"}
	slot.Spec.Paused = true
	return slot
}
