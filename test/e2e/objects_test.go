//go:build e2e

package e2e

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// createService creates a Service name with a selector on a version; managed when it asks for a target.
func createService(t *testing.T, namespace, name, version, target string) *corev1.Service {
	t.Helper()
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"name": "nginx", "version": version},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
		},
	}
	if target != "" {
		service.Annotations = map[string]string{bluegreen.TargetVersion: target}
	}
	made, err := cluster.CoreV1().Services(namespace).Create(t.Context(), service, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// createDeployment creates nginx-VERSION as the examples have it, but ready as soon as it answers, and with some changes.
func createDeployment(t *testing.T, namespace, version string, replicas int32, changes ...func(*corev1.Container)) {
	t.Helper()
	container := nginx(version)
	for _, change := range changes {
		change(&container)
	}
	labels := map[string]string{"name": "nginx", "version": version}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "nginx-" + version, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(replicas),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{container}},
			},
		},
	}
	if _, err := cluster.AppsV1().Deployments(namespace).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func nginx(version string) corev1.Container {
	return corev1.Container{
		Name:  "nginx",
		Image: "nginx:" + version,
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}},
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("http")}},
			PeriodSeconds: 1,
		},
		// Serves on while kube-proxy learns that the pod is going.
		Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 2}}},
	}
}
