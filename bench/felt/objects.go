package felt

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// app is the name of the Service, of its container, and of what runs it.
const app = "nginx"

const replicas = 3

// everyVersion selects the pods of all versions, and only those of one.
func everyVersion() map[string]string { return map[string]string{"name": app} }
func only(version string) map[string]string {
	return map[string]string{"name": app, "version": version}
}

// podTemplate is the same for all peers: the nginx example, which here takes 2 seconds to start.
func podTemplate(version string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: only(version)},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name:  app,
			Image: app + ":" + version,
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}},
			ReadinessProbe: &corev1.Probe{
				ProbeHandler:        corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("http")}},
				InitialDelaySeconds: 2,
				PeriodSeconds:       1,
			},
		}}},
	}
}

// deployment runs a version. Its selector is what tells a Deployment for each version from one for all.
func deployment(name, version string, selector map[string]string) *appsv1.Deployment {
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: selector},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(replicas)),
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: podTemplate(version),
		},
	}
}

// deploymentOf is the Deployment that one version has of its own.
func deploymentOf(v string) *appsv1.Deployment { return deployment(app+"-"+v, v, only(v)) }

func service(selector, annotations map[string]string) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: app, Annotations: annotations},
		Spec: corev1.ServiceSpec{
			Selector: selector,
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
		},
	}
}
