package walks

import (
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
)

// read reads the annotations of a Service, of each stored one once.
func (w *world) read(object *corev1.Service) bluegreen.Service {
	if object == nil {
		return bluegreen.Service{}
	}
	service, known := w.parsed[object]
	if !known {
		service = bluegreen.Read(object)
		w.parsed[object] = service
	}
	return service
}

// readAll reads the Services of a namespace, those that are led on their way to where their leaders are.
func (w *world) readAll(all objects) []bluegreen.Service {
	services := make([]bluegreen.Service, 0, len(all.services))
	for _, name := range serviceNames {
		if object := all.services[name]; object != nil {
			services = append(services, w.read(object))
		}
	}
	return bluegreen.Lead(services)
}

// inOrder returns Deployments, in the order of their names.
func inOrder(deployments map[string]*appsv1.Deployment) []*appsv1.Deployment {
	found := make([]*appsv1.Deployment, 0, len(deployments))
	for _, name := range deploymentNames {
		if deployment := deployments[name]; deployment != nil {
			found = append(found, deployment)
		}
	}
	return found
}

// admitService returns what is stored of a user's write, or why it is refused. before is nil for a creation.
func (w *world) admitService(before, wanted *corev1.Service) (admitted *corev1.Service, refusal string) {
	if w.webhookDown || !touched(before, wanted) {
		return wanted, refusedByPolicy(before, wanted, user)
	}
	answer := w.decisions.admitService(w.serviceWrite(before, wanted, false))
	if len(answer.Errors) > 0 {
		return nil, answer.Errors.ToAggregate().Error()
	}
	admitted = answer.Service.DeepCopy()
	if refusal = refusedByPolicy(before, admitted, user); refusal != "" {
		w.fail(answersPass, "%s: %s became %s", refusal, summary(before), summary(admitted))
	}
	return admitted, refusal
}

// serviceWrite is a write as the webhook for Services sees it.
func (w *world) serviceWrite(before, wanted *corev1.Service, byController bool) admission.ServiceWrite {
	write := admission.ServiceWrite{Old: w.read(before), New: bluegreen.Read(wanted), ByController: byController}
	write.Protection, write.Checks = true, !w.checksDisabled
	if write.EndsProtection() {
		write.Deployments = inOrder(w.deployments)
		write.Followers = bluegreen.FollowersOf(write.Old, w.readAll(w.objects))
	}
	return write
}

// touched reports whether the API server asks the webhook about a write of a Service.
func touched(before, wanted *corev1.Service) bool {
	if before == nil {
		return managedBy(wanted.Annotations)
	}
	differ := !maps.Equal(before.Spec.Selector, wanted.Spec.Selector) || !maps.Equal(ofBluegreen(before), ofBluegreen(wanted))
	return differ && (managedBy(before.Annotations) || managedBy(wanted.Annotations))
}

func ofBluegreen(service *corev1.Service) map[string]string {
	found := map[string]string{}
	for key, value := range service.Annotations {
		if strings.HasPrefix(key, "bluegreen/") {
			found[key] = value
		}
	}
	return found
}

// admitDeployment returns what is stored of a user's write, or why it is refused.
func (w *world) admitDeployment(before, wanted *appsv1.Deployment) (admitted *appsv1.Deployment, refusal string) {
	admitted = wanted
	if !w.webhookDown && protected(before) && endangered(before, wanted) {
		admitted = w.decisions.admitDeployment(admission.DeploymentWrite{Old: before, New: wanted, Services: w.readAll(w.objects)}).Deployment
	}
	if labelsRefusedByPolicy(before, admitted) {
		return nil, "the pods keep their labels"
	}
	return admitted, ""
}

// endangered reports whether the API server asks the webhook about a write of a Deployment in use.
func endangered(before, wanted *appsv1.Deployment) bool {
	return *before.Spec.Replicas > 0 && *wanted.Spec.Replicas == 0 || !protected(wanted) ||
		!maps.Equal(before.Spec.Template.Labels, wanted.Spec.Template.Labels) || before.Spec.Paused != wanted.Spec.Paused ||
		*before.Spec.Replicas != *wanted.Spec.Replicas && before.Annotations[resumeKey] != "" || !maps.Equal(notes(before), notes(wanted))
}

// protected reports whether a Deployment has the finalizer.
func protected(deployment *appsv1.Deployment) bool {
	return slices.Contains(deployment.Finalizers, finalizer)
}
