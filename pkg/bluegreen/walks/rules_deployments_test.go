package walks

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// onlyOwnOfDeployment: of a Deployment bluegreen writes its finalizer, its notes, replicas, and paused.
func onlyOwnOfDeployment(_ *world, change deploymentChange) string {
	var rest [2]*appsv1.Deployment
	for i, deployment := range []*appsv1.Deployment{change.before, change.after} {
		kept := deployment.DeepCopy()
		kept.Annotations = users(kept.Annotations, noteKeys)
		if len(kept.Annotations) == 0 {
			kept.Annotations = nil
		}
		kept.Finalizers = slices.DeleteFunc(kept.Finalizers, func(name string) bool { return name == finalizer })
		if len(kept.Finalizers) == 0 {
			kept.Finalizers = nil
		}
		kept.Spec.Replicas, kept.Spec.Paused, kept.ResourceVersion, kept.Generation = nil, false, "", 0
		rest[i] = kept
	}
	if !reflect.DeepEqual(rest[0], rest[1]) {
		return "bluegreen changed more than is its own"
	}
	return ""
}

// ends reports whether a write lets a Deployment go, or takes its pods.
func (c deploymentChange) ends() bool {
	return protected(c.before) && !protected(c.after) || *c.before.Spec.Replicas > 0 && *c.after.Spec.Replicas == 0
}

// inUseIsKept: nothing is unprotected or scaled to 0 while a Service sends traffic to its pods, asks for it, or may return to it.
func inUseIsKept(w *world, change deploymentChange) string {
	if !change.ends() || w.podsOf(change.before).disowned { // Such pods stay.
		return ""
	}
	for _, name := range serviceNames {
		service := change.confirmed.at(name)
		if service == nil || !w.protects(service, change.confirmed) {
			continue
		}
		switch {
		case w.podsOf(change.before).runs(service.Spec.Selector):
			return "its pods serve " + name
		case w.asksFor(service, change.before, change.confirmed):
			return name + " asks for it"
		case change.after.Spec.Paused == change.before.Spec.Paused && w.mayReturn(service, change.before, change.confirmed):
			return "traffic of " + name + " may return to it"
		}
	}
	return ""
}

// asksFor reports whether a switch to a Deployment is pending, in a Service or in its leader, that was not rolled back.
func (w *world) asksFor(service *corev1.Service, deployment *appsv1.Deployment, all objects) bool {
	asked := service
	if leader := leaderOf(service); leader != "" {
		if asked = all.at(leader); asked == nil || !w.sound(asked) || leaderOf(asked) != "" || !w.sound(service) {
			return false
		}
	}
	target := asked.Annotations[targetKey]
	return w.sound(asked) && live(service) != target && w.givenUp(asked) != "RolledBack" && deployment.DeletionTimestamp == nil &&
		has(deployment.Spec.Template.Labels, onVersion(service, target))
}

// mayReturn reports whether traffic of a Service may return to a Deployment.
func (w *world) mayReturn(service *corev1.Service, deployment *appsv1.Deployment, all objects) bool {
	last, found := recordOf(service)
	window, set := w.option(service, rollbackKey, all)
	return found && set && w.sound(service) && last.watch != "" && last.watch != "Failed" && w.now.Before(last.at.Add(window)) &&
		has(deployment.Spec.Template.Labels, onVersion(service, last.from))
}

// leftDrains: a Deployment is kept as it is for as long as the Service that traffic left it with says.
func leftDrains(w *world, change deploymentChange) string {
	// What is its own Service's only target rolls out at once.
	inPlace := slices.ContainsFunc(w.each(managed), func(service *corev1.Service) bool {
		return w.asksFor(service, change.before, change.confirmed)
	})
	resumes := change.before.Spec.Paused && !change.after.Spec.Paused && !inPlace
	if !protected(change.before) || !change.ends() && !resumes || w.podsOf(change.before).disowned {
		return ""
	}
	for uid, left := range w.ledger.drains[change.before.UID] {
		for _, name := range serviceNames {
			service, seen := change.confirmed.at(name), change.cached.at(name)
			if service == nil || service.UID != uid || seen == nil || !w.protects(service, change.confirmed) || !w.protects(seen, change.cached) {
				continue
			}
			if _, known := w.process.left[change.before.UID][name]; !known && !mayHaveLeft(service, change.before) {
				continue // A process that started meanwhile cannot tell, see "Limits" in docs/design.md.
			}
			drain := min(w.drainOption(service, change.confirmed), w.drainOption(seen, change.cached))
			if w.now.Sub(left) < drain {
				return fmt.Sprintf("traffic of %s left it %s ago, and it drains for %s", name, w.now.Sub(left), drain)
			}
		}
	}
	return ""
}

// mayHaveLeft reports whether a Service selects the pods of a Deployment but for the version.
func mayHaveLeft(service *corev1.Service, deployment *appsv1.Deployment) bool {
	others := maps.Clone(service.Spec.Selector)
	delete(others, versionLabel(service.Annotations))
	return len(others) == 0 || reaches(others, deployment)
}

func (w *world) drainOption(service *corev1.Service, all objects) time.Duration {
	if leader := leaderOf(service); leader != "" {
		if found := all.at(leader); found == nil || !w.sound(found) || !w.sound(service) {
			return installedDrain
		}
	}
	if drain, set := w.option(service, drainKey, all); set {
		return drain
	}
	return installedDrain
}

// replicasAsSaid: bluegreen scales to what a note says that somebody asked for, and that nobody has overruled.
func replicasAsSaid(_ *world, change deploymentChange) string {
	from, to := *change.before.Spec.Replicas, *change.after.Spec.Replicas
	down := strings.Split(change.before.Annotations[downKey], "/")
	switch {
	case from == to:
		return ""
	case noteEnds(change.before.Annotations[resumeKey], to) && change.before.Spec.Paused:
		return ""
	case to == 0 && len(down) == 4 && down[1] == string(change.before.UID) && down[2] == strconv.Itoa(int(from)) &&
		down[3] == strconv.FormatInt(change.before.Generation, 10):
		return ""
	default:
		return "nobody asked for that"
	}
}

// noteEnds reports whether a note ends in a number of replicas.
func noteEnds(note string, replicas int32) bool {
	return note != "" && strings.HasSuffix(note, "/"+strconv.Itoa(int(replicas)))
}

// retiresOnce: a Deployment is to retire as late as its Service says, and once for each time that traffic left it.
func retiresOnce(w *world, change deploymentChange) string {
	left := strings.Split(change.before.Annotations[leftKey], "/")
	if len(left) != 4 || change.after.Annotations[leftKey] != "" || change.after.Annotations[downKey] == "" {
		return ""
	}
	service := change.confirmed.at(left[0])
	if service == nil {
		return "its Service is gone"
	}
	after, set := w.option(service, retireKey, change.confirmed)
	since, known := w.ledger.leftAt[change.before.UID][service.UID]
	if !set || known && w.now.Sub(since) < after-time.Second {
		return fmt.Sprintf("traffic left it %s ago", w.now.Sub(since))
	}
	w.count("a version retired")
	return w.ledger.once("retired "+string(change.before.UID), "it retires twice")
}

// resumedTakesNothing: a rollout goes on once no Service has its traffic on the pods that go, or where nothing else can become ready.
func resumedTakesNothing(w *world, change deploymentChange) string {
	if !change.before.Spec.Paused || change.after.Spec.Paused {
		return ""
	}
	for _, name := range serviceNames {
		service := change.confirmed.at(name)
		if service == nil || !w.protects(service, change.confirmed) || !w.podsOf(change.before).runs(service.Spec.Selector) ||
			has(change.before.Spec.Template.Labels, service.Spec.Selector) {
			continue
		}
		if !w.asksFor(service, change.before, change.confirmed) {
			return "the pods of " + name + " end by it"
		}
	}
	w.count("a rollout was resumed")
	return ""
}
