package inuse

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// The tests call the code under test by what is in this file alone.

// state is what has been observed of a Deployment, in a namespace with some Services and Deployments, where protection is
// switched on.
func state(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) State {
	observed := State{Deployment: deployment, Others: deployments, Protection: true}
	for _, service := range services {
		observed.Services = append(observed.Services, bluegreen.Read(service))
	}
	observed.Services = bluegreen.Lead(observed.Services)
	return observed
}

// next is what to do about a Deployment.
func next(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) Step {
	return state(deployment, services, deployments).Next()
}

// heldRolloutOf is how it stands with the held rollout of a Deployment.
func heldRolloutOf(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) heldRollout {
	return state(deployment, services, deployments).rollout()
}

// replicasDue is how many replicas a held rollout asks for, and whether it gets them now.
func replicasDue(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) (int32, bool) {
	return state(deployment, services, deployments).replicasDue()
}

// heldScaleDownOf is how it stands with the held scale-down of a Deployment, and why it is void.
func heldScaleDownOf(deployment *appsv1.Deployment, services []*corev1.Service) (held heldScaleDown, why string) {
	return state(deployment, services, nil).scaleDown()
}

// boundScaleDownOf are the notes of a Deployment whose scale-down is due.
func boundScaleDownOf(deployment *appsv1.Deployment) map[string]string {
	return state(deployment, nil, nil).bind().(bluegreen.Note).Notes
}

// renoted is the note of a Deployment whose new labels roll out.
func renoted(deployment *appsv1.Deployment, services []*corev1.Service) string {
	return bluegreen.NoteOfRollout(deployment, state(deployment, services, nil).Services)
}

// held is what people are told when a Deployment changes, as REASON: MESSAGE.
func held(before, after *appsv1.Deployment, services []*corev1.Service) []string {
	var told []string
	for _, event := range Held(before, after, state(after, services, nil).Services) {
		told = append(told, string(event.Reason)+": "+event.Message)
	}
	return told
}
