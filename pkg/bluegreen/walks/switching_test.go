package walks

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
)

// The controller of Services (pkg/watch/switching), without clients.

// switching observes a Service, decides, and performs. It reports whether it has written.
func (w *world) switching(name string) bool {
	object := w.process.cache.services[name]
	if object == nil || !bluegreen.Concerns(object) && !w.process.heard[name] {
		return false
	}
	delete(w.process.heard, name)
	state := w.observe(w.read(object))
	state, decision := w.decide(state)
	if decision.MovesTraffic() && !w.decisions.blind {
		w.meanwhile()
		state, decision = w.confirm(state)
	}
	decision = w.prepare(state, decision)
	w.said[name] = decision
	return w.perform(decision)
}

// observe gathers what decides about a Service, by the cache.
func (w *world) observe(service bluegreen.Service) ladder.State {
	leader := w.read(w.process.cache.services[service.Leader])
	var followers []bluegreen.Service
	if _, _, watched := service.Window(); service.Pending() || watched {
		followers = bluegreen.FollowersOf(service, w.ledBy(service.Name))
	}
	deployments := w.cachedDeploymentsOf(append(followers, service)...)
	state := ladder.Observe(service.DueBy(leader), deployments, true, w.now).LedBy(leader).With(followers, deployments)
	state.Checks = w.observeChecks(state.Service, w.process.cache)
	return state
}

// decide decides anew on all that the API server has if a decision would be final.
func (w *world) decide(state ladder.State) (ladder.State, bluegreen.Decision) {
	decision := w.decisions.service(state)
	gaveUp := decision.Reason == bluegreen.ReasonFailed && len(decision.Writes) > 0
	if w.decisions.blind || !gaveUp && !(decision.Reason == bluegreen.ReasonRolledBack && decision.MovesTraffic()) {
		return state, decision
	}
	deployments := inOrder(w.deployments)
	followers := bluegreen.FollowersOf(state.Service, w.readAll(w.objects))
	state = ladder.Observe(state.Service, deployments, true, state.Now).With(followers, deployments)
	state.Checks = w.observeChecks(state.Service, w.objects)
	return state, w.decisions.service(state)
}

// confirm decides anew on what the API server has.
func (w *world) confirm(state ladder.State) (ladder.State, bluegreen.Decision) {
	if state.Leader.Exists() {
		leader := w.services[state.Leader.Name]
		if leader == nil || leader.ResourceVersion != state.Leader.ResourceVersion {
			return state, bluegreen.Decision{}
		}
	}
	var destination []*appsv1.Deployment
	for _, seen := range state.Destination() {
		if current := w.deployments[seen.Name]; current != nil {
			destination = append(destination, current)
		}
	}
	state, decision := w.decide(state.Refresh(destination))
	return w.rehearse(state, decision)
}

// rehearse has nothing move if the API server would refuse to move a follower.
func (w *world) rehearse(state ladder.State, decision bluegreen.Decision) (ladder.State, bluegreen.Decision) {
	for _, write := range decision.Writes {
		change, is := write.Change.(bluegreen.WriteService)
		if !is || change.Observed.Name == state.Service.Name {
			continue
		}
		if current := w.services[change.Observed.Name]; current == nil || current.ResourceVersion != change.Observed.ResourceVersion {
			return state, bluegreen.Decision{}
		}
		if w.refuses(change) {
			state = state.Refuse(change.Observed.Name, "not on Fridays")
			return state, w.decisions.service(state)
		}
	}
	return state, decision
}

// refuses reports whether somebody's policy refuses a write.
func (w *world) refuses(change bluegreen.WriteService) bool {
	return change.Observed.Name == w.refused && change.MovesTraffic()
}

// ledBy returns the cache's Services that are led by another one.
func (w *world) ledBy(leader string) []bluegreen.Service {
	var found []bluegreen.Service
	for _, name := range serviceNames {
		if object := w.process.cache.services[name]; object != nil && leader != "" && bluegreen.LeaderOf(object) == leader {
			found = append(found, w.read(object))
		}
	}
	return found
}

// onItsWay returns a Service, if it is led with the version as its target that it goes to next, by the cache.
func (w *world) onItsWay(service bluegreen.Service) bluegreen.Service {
	if service.Leader == "" {
		return w.leading(service)
	}
	return service.NextBy(w.leading(w.read(w.process.cache.services[service.Leader])))
}

func (w *world) leading(service bluegreen.Service) bluegreen.Service {
	if !service.Exists() || !service.Managed {
		return service
	}
	return service.Leading(bluegreen.FollowersOf(service, w.ledBy(service.Name)))
}

// cachedService returns the cache's Service of a name.
func (w *world) cachedService(name string) bluegreen.Service {
	return w.onItsWay(w.read(w.process.cache.services[name]))
}

// cachedDeploymentsOf returns the cache's Deployments that some Services may involve, by the index.
func (w *world) cachedDeploymentsOf(services ...bluegreen.Service) []*appsv1.Deployment {
	var keys []string
	for _, service := range services {
		keys = append(keys, service.IndexKeys()...)
	}
	var found []*appsv1.Deployment
	for _, deployment := range inOrder(w.process.cache.deployments) {
		if meet(keys, w.podLabels(deployment)) {
			found = append(found, deployment)
		}
	}
	return found
}

// cachedServicesOf returns the cache's Services that may involve a Deployment, by the index.
func (w *world) cachedServicesOf(deployment *appsv1.Deployment) []bluegreen.Service {
	var found []bluegreen.Service
	podLabels := w.podLabels(deployment)
	for _, name := range serviceNames {
		if object := w.process.cache.services[name]; object != nil && meet(w.indexKeys(object), podLabels) {
			found = append(found, w.onItsWay(w.read(object)))
		}
	}
	return found
}

// indexKeys are those under which the cache finds a Service.
func (w *world) indexKeys(object *corev1.Service) []string {
	keys, known := w.indexed[object]
	if !known {
		keys = w.read(object).IndexKeys()
		w.indexed[object] = keys
	}
	return keys
}

// podLabels are those under which the cache finds a Deployment.
func (w *world) podLabels(deployment *appsv1.Deployment) []string {
	labels, known := w.labelled[deployment]
	if !known {
		labels = bluegreen.PodLabels(deployment)
		w.labelled[deployment] = labels
	}
	return labels
}

func meet(some, others []string) bool {
	return slices.ContainsFunc(some, func(one string) bool { return slices.Contains(others, one) })
}
