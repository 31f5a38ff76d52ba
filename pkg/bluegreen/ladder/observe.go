package ladder

import (
	"cmp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Observe picks those Deployments of the Service's namespace that matter to it. None matters to a preview.
func Observe(service bluegreen.Service, deployments []*appsv1.Deployment, protection bool, now time.Time) State {
	state := State{Service: service, Protection: protection, Now: now}
	if !service.Switchable() || service.Preview {
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

// LedBy returns the state with the leader of the Service.
func (s State) LedBy(leader bluegreen.Service) State {
	s.Leader = leader
	return s
}

// With returns the state together with those of its followers.
func (s State) With(followers []bluegreen.Service, deployments []*appsv1.Deployment) State {
	s.Followers, s.Service = nil, s.Service.Leading(followers)
	byName := func(a, b bluegreen.Service) int { return cmp.Compare(a.Name, b.Name) }
	for _, follower := range slices.SortedFunc(slices.Values(followers), byName) {
		state := Observe(follower.NextBy(s.Service), deployments, s.Protection, s.Now)
		if _, _, watched := s.Service.Window(); watched {
			// It returns with its leader, wherever it came from itself.
			state.Back = bluegreen.Pick(deployments, follower.NextBy(s.Service.Returning()).Targets)
		}
		s.Followers = append(s.Followers, state)
	}
	return s
}

// Refuse returns the state in which the API server refuses to move a follower.
func (s State) Refuse(name, why string) State {
	s.Followers = slices.Clone(s.Followers)
	for i := range s.Followers {
		if s.Followers[i].Service.Name == name {
			s.Followers[i].Refused = why
		}
	}
	return s
}

// Targets returns the target Deployments of the Service and of its followers.
func (s State) Targets() []*appsv1.Deployment {
	return s.each(func(state State) []*appsv1.Deployment { return state.Target })
}

// Destination returns the Deployments that traffic may move to, that of followers too: the targets, and those that it may return to.
func (s State) Destination() []*appsv1.Deployment {
	return s.each(func(state State) []*appsv1.Deployment { return slices.Concat(state.Target, state.Back) })
}

// all returns every Deployment that has been observed.
func (s State) all() []*appsv1.Deployment {
	return s.each(func(state State) []*appsv1.Deployment {
		return slices.Concat(state.Target, state.Back, state.Live, state.Left)
	})
}

// together returns the state of the Service, and those of its followers.
func (s State) together() []State { return append([]State{s}, s.Followers...) }

// each returns the Deployments of the Service and of its followers, each once.
func (s State) each(of func(State) []*appsv1.Deployment) []*appsv1.Deployment {
	var found []*appsv1.Deployment
	for _, state := range s.together() {
		for _, deployment := range of(state) {
			if !contains(found, deployment) {
				found = append(found, deployment)
			}
		}
	}
	return found
}

func contains(deployments []*appsv1.Deployment, wanted *appsv1.Deployment) bool {
	return slices.ContainsFunc(deployments, func(one *appsv1.Deployment) bool { return one.Name == wanted.Name })
}

// Refresh returns the state with its Destination as that has been read since.
func (s State) Refresh(destination []*appsv1.Deployment) State {
	return s.as(s.Service, append(without(s.all(), s.Destination()), destination...))
}

// as returns what the same observation comes to for a Service that is another by its ask, its selector, or its Deployments.
func (s State) as(service bluegreen.Service, deployments []*appsv1.Deployment) State {
	followers := make([]bluegreen.Service, 0, len(s.Followers))
	for _, follower := range s.Followers {
		followers = append(followers, follower.Service)
	}
	state := Observe(service, deployments, s.Protection, s.Now).LedBy(s.Leader).With(followers, deployments)
	state.Checks = s.Checks
	for _, follower := range s.Followers {
		state = state.Refuse(follower.Service.Name, follower.Refused)
	}
	return state
}

// toLeave returns the live Deployments that a switch leaves.
func (s State) toLeave() []*appsv1.Deployment { return without(s.Live, s.Target) }

// without returns the Deployments that are not among others. Live and target overlap if the selector does not name a version yet.
func without(deployments, others []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(one *appsv1.Deployment) bool { return contains(others, one) })
}
