package random

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// newService returns a Service that asks for a target ("" for no ask), with a version in its selector ("" for none).
func newService(key client.ObjectKey, target, live string) *corev1.Service {
	made := &corev1.Service{}
	made.Namespace, made.Name = key.Namespace, key.Name
	made.Annotations = map[string]string{"team": key.Name}
	made.Spec.Selector = map[string]string{"name": "web"}
	made.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(80)}}
	if key.Name == "api" {
		made.Spec.Ports[0].TargetPort = intstr.FromString("http")
	}
	if live != "" {
		made.Spec.Selector["version"] = live
	}
	if target != "" {
		made.Annotations[targetKey] = target
	}
	return made
}

// newDeployment returns a Deployment of 2 replicas, whose pods have some labels besides that of their slot.
func newDeployment(key client.ObjectKey, labels map[string]string) *appsv1.Deployment {
	made := &appsv1.Deployment{}
	made.Namespace, made.Name = key.Namespace, key.Name
	made.Annotations = map[string]string{"team": key.Name}
	made.Spec.Replicas = ptr.To[int32](2)
	made.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"slot": key.Name}}
	made.Spec.Template.Labels = with(labels, map[string]any{"slot": key.Name})
	made.Spec.Template.Spec.Containers = []corev1.Container{{
		Name:  "web",
		Image: "web:1",
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}},
	}}
	return made
}

// ofVersion returns the pod labels of a version of web, under both keys that a Service may look for.
func ofVersion(version string) map[string]string {
	return map[string]string{"name": "web", "version": version, otherLabel: version}
}
