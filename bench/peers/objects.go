package peers

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// App is what all peers run: the nginx example, which here takes 2 seconds to start. Its zero value is the example as it is.
type App struct {
	// Container and Service change the container of a version, and the Service; nil for nothing.
	Container func(version string, container *corev1.Container)
	Service   func(*corev1.ServiceSpec)
}

// app is the name of the Service, of its container, and of what runs it.
const app = "nginx"

const replicas = 3

// everyVersion selects the pods of all versions, and only those of one.
func everyVersion() map[string]string { return map[string]string{"name": app} }
func only(version string) map[string]string {
	return map[string]string{"name": app, "version": version}
}

// podTemplate is the same for all peers.
func (a App) podTemplate(version string) corev1.PodTemplateSpec {
	container := corev1.Container{
		Name:  app,
		Image: app + ":" + version,
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}, {Name: "https", ContainerPort: 443}},
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:        corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("http")}},
			InitialDelaySeconds: 2,
			PeriodSeconds:       1,
		},
	}
	if a.Container != nil {
		a.Container(version, &container)
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: only(version)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{container}},
	}
}

// deployment runs a version. Its selector is what tells a Deployment for each version from one for all.
func (a App) deployment(name, version string, selector map[string]string) *appsv1.Deployment {
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: selector},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(replicas)),
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: a.podTemplate(version),
		},
	}
}

// deploymentOf is the Deployment that one version has of its own.
func (a App) deploymentOf(v string) *appsv1.Deployment { return a.deployment(app+"-"+v, v, only(v)) }

func (a App) service(selector, annotations map[string]string) *corev1.Service {
	spec := corev1.ServiceSpec{
		Selector: selector,
		Ports: []corev1.ServicePort{
			{Name: "http", Port: 80, TargetPort: intstr.FromString("http")},
			{Name: "https", Port: 443, TargetPort: intstr.FromString("https")},
		},
	}
	if a.Service != nil {
		a.Service(&spec)
	}
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: app, Annotations: annotations},
		Spec:       spec,
	}
}
