package view

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Role is what a Deployment is to a Service.
type Role string

// Roles, in the order in which they are shown.
const (
	// Live: the Service selects its pods.
	Live Role = "live"

	// Target: it would, after the switch that is asked for.
	Target Role = "target"

	// Draining: traffic has left it, and bluegreen still keeps it.
	Draining Role = "draining"

	// Unused: it is of another version, which nobody asks for, and may end.
	Unused Role = "unused"
)

var roles = []Role{Live, Target, Draining, Unused}

// Deployment is one with its ReplicaSets.
type Deployment struct {
	*appsv1.Deployment
	Role        Role
	ReplicaSets []ReplicaSet
}

// ReplicaSet is one with its pods, by name.
type ReplicaSet struct {
	*appsv1.ReplicaSet
	Pods []Pod
}

// deploymentsOf returns the Deployments of a Service's versions, by role and name.
func deploymentsOf(objects Objects, service bluegreen.Service) []Deployment {
	var found []Deployment
	for _, deployment := range objects.Deployments {
		if role := roleOf(service, deployment); role != "" {
			sets := replicaSetsOf(objects, deployment)
			found = append(found, Deployment{Deployment: deployment, Role: role, ReplicaSets: sets})
		}
	}
	slices.SortFunc(found, func(a, b Deployment) int {
		byRole := cmp.Compare(slices.Index(roles, a.Role), slices.Index(roles, b.Role))
		return cmp.Or(byRole, strings.Compare(a.Name, b.Name))
	})
	return found
}

// roleOf returns what a Deployment is to a Service; empty if that is nothing, or nothing any more.
func roleOf(service bluegreen.Service, deployment *appsv1.Deployment) Role {
	switch {
	case service.Selects(deployment):
		return Live
	case service.Pending() && bluegreen.Matches(service.TargetSelector(), deployment.Spec.Template.Labels):
		return Target
	case !ofAnotherVersion(service, deployment):
		return ""
	case bluegreen.Protected(deployment):
		return Draining
	case bluegreen.Replicas(deployment) > 0 || deployment.Status.Replicas > 0 || leftLast(service, deployment):
		return Unused
	default:
		return ""
	}
}

// ofAnotherVersion reports whether the Service would select pods of a Deployment but for their version.
func ofAnotherVersion(service bluegreen.Service, deployment *appsv1.Deployment) bool {
	others := maps.Clone(service.Spec.Selector)
	delete(others, service.VersionLabel)
	return bluegreen.SelectsPods(others, deployment) || leftLast(service, deployment)
}

// leftLast reports whether the last switch of a Service left a Deployment.
func leftLast(service bluegreen.Service, deployment *appsv1.Deployment) bool {
	last, found := service.LastSwitch()
	return found && last.From != "" && service.WithVersion(last.From).Selects(deployment)
}

// replicaSetsOf returns the ReplicaSets of a Deployment that have pods or are to have them, the newest first.
func replicaSetsOf(objects Objects, deployment *appsv1.Deployment) []ReplicaSet {
	var found []ReplicaSet
	for _, set := range objects.ReplicaSets {
		if !metav1.IsControlledBy(set, deployment) {
			continue
		}
		pods := podsOf(objects, set)
		if len(pods) > 0 || set.Status.Replicas > 0 || set.Spec.Replicas == nil || *set.Spec.Replicas > 0 {
			found = append(found, ReplicaSet{ReplicaSet: set, Pods: pods})
		}
	}
	slices.SortFunc(found, func(a, b ReplicaSet) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	return found
}

// Trouble returns why pods of the Deployment cannot be made, as Kubernetes says it; empty if they can.
func (d Deployment) Trouble() string {
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return condition.Message
		}
	}
	return ""
}

// Available reports whether Kubernetes calls the Deployment available.
func (d Deployment) Available() bool {
	return slices.ContainsFunc(d.Status.Conditions, func(condition appsv1.DeploymentCondition) bool {
		return condition.Type == appsv1.DeploymentAvailable && condition.Status == corev1.ConditionTrue
	})
}
