package harness

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// NewService returns a Service whose selector is on a version; managed when it asks for a target.
func NewService(name, version, target string) *corev1.Service {
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
	return service
}

// NewDeployment returns nginx-VERSION as the examples have it, but ready as soon as it answers.
func NewDeployment(version string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"name": "nginx", "version": version}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "nginx-" + version, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(replicas),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{nginx(version)}},
			},
		},
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

// Ask sets the target version, and returns what the API server stored.
func (c *Cluster) Ask(ctx context.Context, namespace, name, version string) (*corev1.Service, error) {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, bluegreen.TargetVersion, version)
	return c.CoreV1().Services(namespace).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
}
