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
	state.Back = bluegreen.Pick(deployments, service.MayReturnTo)
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

// Destination returns the Deployments that traffic may move to: the target, and those that it may return to.
func (s State) Destination() []*appsv1.Deployment {
	return append(slices.Clone(s.Target), without(s.Back, s.Target)...)
}

// Refresh returns the state with its Destination as that has been read since.
func (s State) Refresh(destination []*appsv1.Deployment) State {
	return s.as(s.Service, append(without(s.all(), s.Destination()), destination...))
}

// as returns what the same observation comes to for a Service that is another by its ask, its selector, or its Deployments.
func (s State) as(service bluegreen.Service, deployments []*appsv1.Deployment) State {
	return Observe(service, deployments, s.Protection, s.Now)
}

// all returns every Deployment that has been observed, once.
func (s State) all() []*appsv1.Deployment {
	all := s.Destination()
	all = append(all, without(s.Live, all)...)
	return append(all, without(s.Left, all)...)
}

// toLeave returns the live Deployments that a switch leaves.
func (s State) toLeave() []*appsv1.Deployment { return without(s.Live, s.Target) }

// without returns the Deployments that are not among others. Live and target overlap if the selector does not name a version yet.
func without(deployments, others []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(deployment *appsv1.Deployment) bool {
		return slices.ContainsFunc(others, func(other *appsv1.Deployment) bool { return other.Name == deployment.Name })
	})
}
