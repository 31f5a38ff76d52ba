package ladder

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
)

// outcome is what a decision comes to.
type outcome struct {
	Reason  bluegreen.Reason
	Message string
	Warning bool

	// Protect are the Deployments that get finalizer and note, in order.
	Protect []bluegreen.Protect

	// Service is what is stored after the decision, and writes reports whether it is written for that.
	Service *corev1.Service
	writes  bool
}

// decide observes a Service and some Deployments, and decides.
func decide(service *corev1.Service, deployments []*appsv1.Deployment) outcome {
	return outcomeOf(observe(service, deployments))
}

// decideAlone decides about a Service without any Deployment.
func decideAlone(service *corev1.Service) outcome { return decide(service, nil) }

func observe(service *corev1.Service, deployments []*appsv1.Deployment) State {
	return Observe(bluegreen.Read(service), deployments, true)
}

func outcomeOf(state State) outcome {
	decision := Decide(state)
	out := outcome{Reason: decision.Reason, Service: state.Service.Service, Message: state.Service.Annotations[bluegreen.MessageKey]}
	for _, write := range decision.Writes {
		switch change := write.Change.(type) {
		case bluegreen.Protect:
			out.Protect = append(out.Protect, change)
		case bluegreen.WriteService:
			out.Service, out.writes, out.Message = change.Desired, true, ""
			if write.Tell != nil {
				out.Message, out.Warning = write.Tell.Message, write.Tell.Warning
			}
		}
	}
	out.Message = cmp.Or(out.Message, out.Service.Annotations[bluegreen.MessageKey])
	return out
}

// serviceWrite is somebody's write of a Service, as the objects that the API server sends.
type serviceWrite struct {
	Old, New     *corev1.Service
	ByController bool
}

func admit(w serviceWrite) admission.ServiceAnswer {
	return admission.AdmitService(admission.ServiceWrite{
		Old: bluegreen.Read(w.Old), New: bluegreen.Read(w.New), ByController: w.ByController,
	})
}

// deploymentWrite is somebody's write of a Deployment, as the objects that the API server sends.
type deploymentWrite struct {
	Old, New *appsv1.Deployment
	Services []*corev1.Service
}

func admitDeployment(w deploymentWrite) admission.DeploymentAnswer {
	return admission.AdmitDeployment(admission.DeploymentWrite{Old: w.Old, New: w.New, Services: readAll(w.Services)})
}

// next returns what comes next for a Deployment.
func next(deployment *appsv1.Deployment, services []*corev1.Service, others []*appsv1.Deployment) inuse.Step {
	return inuse.State{Deployment: deployment, Services: readAll(services), Others: others, Protection: true}.Next()
}

func readAll(objects []*corev1.Service) []bluegreen.Service {
	var services []bluegreen.Service
	for _, object := range objects {
		services = append(services, bluegreen.Read(object))
	}
	return services
}
