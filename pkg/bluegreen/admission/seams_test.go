package admission

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// The tests call the code under test by what is in this file alone.

// serviceWrite is somebody's CREATE (without old) or UPDATE of a Service.
type serviceWrite struct {
	old, new     *corev1.Service
	byController bool
	deployments  []*appsv1.Deployment
	followers    []*corev1.Service

	// unprotected is of an installation that protects no Deployments.
	unprotected bool

	// withoutJobs is of an installation that may not run Jobs.
	withoutJobs bool
}

// deploymentWrite is somebody's UPDATE of a Deployment, in a namespace with some Services.
type deploymentWrite struct {
	old, new *appsv1.Deployment
	services []*corev1.Service
}

// serviceAnswer is what becomes of a serviceWrite.
type serviceAnswer = ServiceAnswer

func (w serviceWrite) production() ServiceWrite {
	var followers []bluegreen.Service
	for _, follower := range w.followers {
		followers = append(followers, bluegreen.Read(follower))
	}
	return ServiceWrite{
		Old:          bluegreen.Read(w.old),
		New:          bluegreen.Read(w.new),
		Deployments:  w.deployments,
		Followers:    followers,
		ByController: w.byController,
		Protection:   !w.unprotected,
		Checks:       !w.withoutJobs,
	}
}

func admit(write serviceWrite) serviceAnswer { return AdmitService(write.production()) }

func admitDeployment(write deploymentWrite) DeploymentAnswer {
	read := DeploymentWrite{Old: write.old, New: write.new}
	for _, service := range write.services {
		read.Services = append(read.Services, bluegreen.Read(service))
	}
	read.Services = bluegreen.Lead(read.Services)
	return AdmitDeployment(read)
}

// endsProtection reports whether a write ends the protection of what is live, so that Deployments matter.
func endsProtection(write serviceWrite) bool { return write.production().EndsProtection() }

// disown takes the contested fields off the entries of updates.
func disown(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry { return Disown(entries) }
