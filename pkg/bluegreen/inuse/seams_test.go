package inuse

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// state is what has been observed of a Deployment.
func state(deployment *appsv1.Deployment, services []*corev1.Service, others []*appsv1.Deployment) State {
	observed := State{Deployment: deployment, Others: others, Protection: true}
	for _, service := range services {
		observed.Services = append(observed.Services, bluegreen.Read(service))
	}
	return observed
}
