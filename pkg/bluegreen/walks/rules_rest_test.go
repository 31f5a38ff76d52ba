package walks

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// asks are the Services that are asked for a version, in order; led the others that are managed.
func (w *world) each(is func(*corev1.Service) bool) []*corev1.Service {
	var found []*corev1.Service
	for _, name := range serviceNames {
		if service := w.services[name]; service != nil && is(service) {
			found = append(found, service)
		}
	}
	return found
}

// readyHasMoved: what is asked for, approved and ready, and was not given up, has the traffic.
func readyHasMoved(w *world) string {
	now := act{cached: w.objects, confirmed: w.objects}
	for _, service := range w.each(w.pending) {
		checked := service.Annotations[beforeKey] == "" || w.standing(service, false) == succeeded
		if w.givenUp(service) == "" && approved(service) && checked && !w.cannotCheck(service) &&
			!w.waits(now, service, service.Annotations[targetKey]) {
			return summary(service)
		}
	}
	return ""
}

// waits reports whether a version is not ready for a Service, and all that follow it.
func (w *world) waits(now act, service *corev1.Service, target string) bool {
	if w.refused != "" || w.closed(now, service, target, false) != "" ||
		slices.ContainsFunc(targetsOf(w.objects, service, onVersion(service, target)), isHeld) {
		return true
	}
	return slices.ContainsFunc(w.each(managed), func(follower *corev1.Service) bool {
		return leaderOf(follower) == service.Name && !isPreview(follower) &&
			(!w.sound(follower) || live(follower) != target && w.closed(now, follower, target, false) != "")
	})
}

func isHeld(deployment *appsv1.Deployment) bool { return deployment.Annotations[resumeKey] != "" }

// phaseTells: a Service is Stable exactly when it is where it is due, unless what is live broke and traffic could not return.
func phaseTells(w *world) string {
	for _, service := range w.each(managed) {
		phase, due := service.Annotations[phaseKey], w.due(service, w.objects)
		last, _ := recordOf(service)
		arrived := due != "" && live(service) == due
		want := phase == "Stable" || phase == "Failed" && last.watch == "Failed"
		switch {
		case w.cannotCheck(service) && w.givenUp(service) == "":
			want = phase == "Waiting"
		case !arrived:
			want = phase == "Waiting" || phase == "Paused" && !approved(service) || phase == "Checking" && service.Annotations[beforeKey] != ""
			if end := w.givenUp(service); end != "" {
				want = phase == end
			}
		case leaderOf(service) != "":
			want = phase == "Stable"
		}
		if !want {
			return summary(service)
		}
	}
	return ""
}

func allWhoWaitSayWhy(w *world) string {
	for _, service := range w.each(managed) {
		if what := saysWhy(service); what != "" {
			return what + ": " + summary(service)
		}
	}
	return ""
}

// ledInStep: a preview is on what its leader asks for. A follower is on what is live in its leader, or is not ready.
func ledInStep(w *world) string {
	now := act{cached: w.objects, confirmed: w.objects}
	for _, service := range w.each(func(service *corev1.Service) bool { return managed(service) && leaderOf(service) != "" }) {
		due := w.due(service, w.objects)
		if due == "" || live(service) == due || w.refused == service.Name || !isPreview(service) && w.closed(now, service, due, false) != "" ||
			slices.ContainsFunc(targetsOf(w.objects, service, onVersion(service, due)), isHeld) {
			continue
		}
		return summary(service) + ", due on " + due
	}
	return ""
}

// liveIsProtected: what has the traffic of a Service that protects has finalizer and note, unless its deletion came first.
func liveIsProtected(w *world) string {
	for _, service := range w.each(w.sound) {
		for _, deployment := range inOrder(w.deployments) {
			serves := has(deployment.Spec.Template.Labels, service.Spec.Selector) && deployment.DeletionTimestamp == nil
			unsettled := deployment.Spec.Paused || w.givenUp(service) != "" && w.due(service, w.objects) == ""
			if !serves || unsettled || !w.protects(service, w.objects) || w.due(service, w.objects) == "" {
				continue
			}
			if !protected(deployment) || !has(pairs(deployment.Annotations[servesKey]), service.Spec.Selector) {
				return summary(deployment) + " serves " + summary(service)
			}
		}
	}
	return ""
}

// timeIsAnnounced: if nothing but time changes, bluegreen writes nothing before it wanted to look again, and never if it did not.
func timeIsAnnounced(w *world) string {
	if w.dice.IntN(4) > 0 || w.refused != "" { // A refused write is tried again.
		return ""
	}
	next, found := w.nextLook()
	later := next.Add(-time.Second)
	if !found {
		later = w.now.Add(1000 * time.Hour)
	}
	if !later.After(w.now) {
		return ""
	}
	now := w.now
	w.now = later
	defer func() { w.now = now }()
	if what := w.wouldWrite(inOrder(w.deployments)); what != "" {
		return fmt.Sprintf("%s later, %s", later.Sub(now), what)
	}
	return ""
}

// restartChangesNothing: another process finds nothing to do either. What it does not remember of a drain, the rule about drains judges.
func restartChangesNothing(w *world) string {
	if w.dice.IntN(4) > 0 || w.refused != "" { // A refused write is tried again.
		return ""
	}
	before, said := w.process, w.said
	defer func() { w.process, w.said = before, said }()
	w.restart()
	return w.wouldWrite(slices.DeleteFunc(inOrder(w.deployments), func(deployment *appsv1.Deployment) bool {
		return said[deployment.Name].Reason == bluegreen.ReasonDraining
	}))
}

// wouldWrite returns what bluegreen would write now of Services, and of some Deployments, empty for nothing. The process knows all that is
// stored.
func (w *world) wouldWrite(deployments []*appsv1.Deployment) string {
	for _, name := range serviceNames {
		if object := w.services[name]; object != nil && bluegreen.Concerns(object) {
			state, decision := w.decide(w.observe(w.read(object)))
			if decision.MovesTraffic() {
				state, decision = w.confirm(state)
			}
			decision = w.prepare(state, decision)
			if len(decision.Writes) > 0 {
				return fmt.Sprintf("%s: %T of %s", decision.Reason, decision.Writes[0].Change, name)
			}
		}
	}
	for _, deployment := range slices.DeleteFunc(deployments, func(one *appsv1.Deployment) bool { return !bluegreen.Unfinished(one) }) {
		state := w.observeDeployment(deployment)
		if decision := w.decisions.deployment(state); len(decision.Writes) > 0 {
			if decision = w.confirmDeployment(state); len(decision.Writes) > 0 && decision.LookAgain.IsZero() {
				return fmt.Sprintf("%s: %T of %s", decision.Reason, decision.Writes[0].Change, deployment.Name)
			}
		}
	}
	return ""
}

// nothingIsLeft: once every timer has run out, only what is in use is protected, and nothing is left to be done.
func nothingIsLeft(w *world) string {
	for _, deployment := range inOrder(w.deployments) {
		uses := func(service *corev1.Service) bool {
			return !isPreview(service) && (reaches(service.Spec.Selector, deployment) || w.asksFor(service, deployment, w.objects) ||
				w.podsOf(deployment).runs(service.Spec.Selector))
		}
		users := w.each(func(service *corev1.Service) bool { return managed(service) && uses(service) })
		kept := slices.ContainsFunc(users, func(service *corev1.Service) bool { return w.protects(service, w.objects) })
		if !kept && (protected(deployment) || deployment.DeletionTimestamp != nil) || len(users) == 0 && deployment.Annotations[downKey] != "" {
			return summary(deployment) + " is not used"
		}
	}
	return ""
}
