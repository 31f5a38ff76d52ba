package admission

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// serviceWrite is somebody's write of a Service, as the objects that the API server sends. Old is nil on CREATE.
type serviceWrite struct {
	Old, New     *corev1.Service
	Deployments  []*appsv1.Deployment
	ByController bool
}

func (w serviceWrite) read() ServiceWrite {
	return ServiceWrite{Old: bluegreen.Read(w.Old), New: bluegreen.Read(w.New), Deployments: w.Deployments, ByController: w.ByController}
}

func (w serviceWrite) deepCopy() serviceWrite {
	w.Old, w.New = w.Old.DeepCopy(), w.New.DeepCopy()
	return w
}

func admit(w serviceWrite) ServiceAnswer { return AdmitService(w.read()) }

// deploymentWrite is somebody's write of a Deployment, as the objects that the API server sends.
type deploymentWrite struct {
	Old, New *appsv1.Deployment
	Services []*corev1.Service
}

func admitDeployment(w deploymentWrite) DeploymentAnswer {
	read := DeploymentWrite{Old: w.Old, New: w.New}
	for _, service := range w.Services {
		read.Services = append(read.Services, bluegreen.Read(service))
	}
	return AdmitDeployment(read)
}
