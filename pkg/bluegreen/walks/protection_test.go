package walks

import (
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
)

// The controller of Deployments in use (pkg/watch/protection), without clients.

// installedDrain is that of the installation.
const installedDrain = 30 * time.Second

// protection observes a Deployment, decides, and performs. It reports whether it has written.
func (w *world) protection(name string) bool {
	deployment := w.process.cache.deployments[name]
	if deployment == nil || !bluegreen.Unfinished(deployment) {
		delete(w.said, name)
		return false
	}
	state := w.observeDeployment(deployment)
	decision := w.decisions.deployment(state)
	if len(decision.Writes) > 0 && !w.decisions.blind {
		w.meanwhile()
		decision = w.confirmDeployment(state)
	}
	w.said[name] = decision
	if !decision.LookAgain.IsZero() {
		return false
	}
	return w.perform(decision)
}

// observeDeployment gathers what decides about a Deployment, by the cache.
func (w *world) observeDeployment(deployment *appsv1.Deployment) inuse.State {
	state := inuse.State{Deployment: deployment, Protection: true, Services: w.mayUse(deployment)}
	state.Others = w.others(state)
	state.Drained = w.drained(state)
	state.Now, state.APINow = w.local(), w.now
	state.Orphaned = state.Next() == inuse.StepNone && deployment.DeletionTimestamp != nil && protected(deployment) &&
		w.running[deployment.UID] != nil && w.running[deployment.UID].disowned
	return state
}

// mayUse returns the cache's Services that may use a Deployment, and those that its notes name.
func (w *world) mayUse(deployment *appsv1.Deployment) []bluegreen.Service {
	services := w.cachedServicesOf(deployment)
	held, _ := bluegreen.ParseScaleDown(deployment.Annotations[bluegreen.ScaleToZeroAfter])
	left, _ := bluegreen.LeftOf(deployment)
	for _, name := range []string{held.Service, left.Service} {
		if slices.ContainsFunc(services, func(service bluegreen.Service) bool { return service.Name == name }) {
			continue
		}
		if service := w.cachedService(name); service.Exists() {
			services = append(services, service)
		}
	}
	return services
}

// confirmDeployment decides anew on the Services that the API server has.
func (w *world) confirmDeployment(before inuse.State) bluegreen.Decision {
	now := before
	now.Services = w.readAll(w.objects)
	now.Others = w.others(now)
	if before.Next() == inuse.StepUnprotect && now.Next() == inuse.StepUnprotect {
		now.PodsServe = w.podsServe(now)
	}
	return w.decisions.confirm(before, now)
}

func (w *world) others(state inuse.State) []*appsv1.Deployment {
	if !bluegreen.RolloutHeld(state.Deployment) {
		return nil
	}
	return w.cachedDeploymentsOf(state.Services...)
}

// podsServe reports whether a Deployment still has pods that a Service selects, which neither its template nor its note knows of.
func (w *world) podsServe(state inuse.State) bool {
	running := w.running[state.Deployment.UID]
	return running != nil && !running.disowned && slices.ContainsFunc(state.OwnPods(), func(selector labels.Set) bool {
		return running.runs(selector)
	})
}

// drained returns the instant from which the next step of a Deployment may be taken; zero for now.
func (w *world) drained(state inuse.State) time.Time {
	switch state.Next() {
	case inuse.StepNone:
		w.comeBack(state.Deployment, otherSlots)
		for _, service := range state.Services {
			if service.HasTrafficOn(state.Deployment) {
				w.comeBack(state.Deployment, service.Name)
			}
		}
		return time.Time{}
	case inuse.StepUnprotect, inuse.StepResume:
		if !protected(state.Deployment) {
			return time.Time{}
		}
		return w.drainsUntil(state)
	case inuse.StepRoll:
		slots := w.cachedDeploymentsOf(state.Services...)
		if !slices.ContainsFunc(slots, func(other *appsv1.Deployment) bool { return isOtherSlot(state, other) }) {
			return time.Time{}
		}
		w.leave(state.Deployment, otherSlots)
		return w.drainsUntil(state)
	default:
		return time.Time{}
	}
}

func isOtherSlot(state inuse.State, other *appsv1.Deployment) bool {
	return other.Name != state.Deployment.Name &&
		slices.ContainsFunc(state.Services, func(service bluegreen.Service) bool { return service.MayHaveLeft(other) })
}

// drainsUntil returns until when a Deployment that nothing uses any more is kept as it is.
func (w *world) drainsUntil(state inuse.State) time.Time {
	if _, known := w.process.left[state.Deployment.UID]; !known {
		w.leave(state.Deployment, leftBy(state)...)
	}
	known := maps.Clone(w.process.left[state.Deployment.UID])
	for _, service := range leftBy(state) {
		_, seen := known[service]
		if !seen && service != unknownService && state.Deployment.Annotations[servesKey] != "" && state.Next() != inuse.StepRoll {
			known[service] = w.process.started
		}
	}
	var until time.Time
	for service, left := range known {
		if end := left.Add(w.drainOf(service)); end.After(until) {
			until = end
		}
	}
	return until
}

func leftBy(state inuse.State) []string {
	var names []string
	for _, service := range state.Services {
		if service.MayHaveLeft(state.Deployment) {
			names = append(names, service.Name)
		}
	}
	if len(names) == 0 {
		return []string{unknownService}
	}
	return names
}

// drainOf returns how long a Deployment is kept after a Service has left it.
func (w *world) drainOf(name string) time.Duration {
	service := bluegreen.Service{}
	if name != unknownService && name != otherSlots {
		service = w.cachedService(name)
	}
	switch {
	case !service.Protects():
		return inuse.Settle
	case service.Drain != nil:
		return *service.Drain
	default:
		return installedDrain
	}
}
