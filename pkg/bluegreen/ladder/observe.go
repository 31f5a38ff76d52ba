package ladder

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Observe picks those Deployments of the Service's namespace that matter to it.
func Observe(service bluegreen.Service, deployments []*appsv1.Deployment, protection bool, now time.Time) State {
	state := State{Service: service, Protection: protection, Now: now}
	if !service.Switchable() {
		return state
	}
	state.Live = bluegreen.Pick(deployments, service.Selects)
	if service.Pending() {
		target := service.TargetSelector()
		state.Target = targets(service, deployments)
		state.Left = bluegreen.Pick(deployments, func(deployment *appsv1.Deployment) bool { return bluegreen.Leaves(target, deployment) })
	}
	return state
}

// targets returns the Deployments that the Service would select on its target. One whose pods serve under other labels until
// traffic has moved is among them only if there is no other to move to.
func targets(service bluegreen.Service, deployments []*appsv1.Deployment) []*appsv1.Deployment {
	all := bluegreen.Pick(deployments, service.Targets)
	others := bluegreen.Pick(all, func(deployment *appsv1.Deployment) bool { return !service.WouldLose(deployment) })
	if len(others) > 0 {
		return others
	}
	return all
}

// Refresh returns the state with its target Deployments as they have been read since.
func (s State) Refresh(target []*appsv1.Deployment) State {
	others := append(without(s.Live, s.Target), without(s.Left, s.Live)...)
	return Observe(s.Service, append(others, target...), s.Protection, s.Now)
}

// toLeave returns the live Deployments that a switch leaves.
func (s State) toLeave() []*appsv1.Deployment { return without(s.Live, s.Target) }

// without returns the Deployments that are not among others. Live and target overlap if the selector does not name a version yet.
func without(deployments, others []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(deployment *appsv1.Deployment) bool {
		return slices.ContainsFunc(others, func(other *appsv1.Deployment) bool { return other.Name == deployment.Name })
	})
}
