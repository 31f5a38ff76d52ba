package walks

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// readyIsChecked: what is ready is checked before it gets traffic, unless something is in the way, and what failed or was lost is given up.
func readyIsChecked(w *world) string {
	now := act{cached: w.objects, confirmed: w.objects}
	for _, service := range w.each(w.pending) {
		target, cronJob := service.Annotations[targetKey], service.Annotations[beforeKey]
		if cronJob == "" || w.checksDisabled || w.givenUp(service) != "" || w.deceived(service, w.objects) || w.waits(now, service, target) {
			continue
		}
		switch standing := w.standing(service, false); {
		case standing == failed || standing == lost:
			return "its check is " + standing + ": " + summary(service)
		case standing == notStarted && !w.obstructed(service, cronJob, true):
			return "it is not checked: " + summary(service)
		case standing != succeeded && service.Annotations[phaseKey] != "Checking":
			return "its check is not told: " + summary(service)
		}
	}
	return ""
}

// liveIsChecked: what a switch made live is checked in the window, and traffic returns from what failed, or it is said why not.
func liveIsChecked(w *world) string {
	for _, service := range w.each(w.sound) {
		last, _ := recordOf(service)
		cronJob := service.Annotations[afterKey]
		if cronJob == "" || w.checksDisabled || w.deceived(service, w.objects) || !w.inWindow(service) ||
			w.broken(act{confirmed: w.objects}, service, last) {
			continue
		}
		switch standing := w.standing(service, true); {
		case standing == notStarted && !w.obstructed(service, cronJob, false):
			return "it is not checked: " + summary(service)
		case standing == runs && service.Annotations[messageKey] == "":
			return "nothing tells of its check: " + summary(service)
		case standing == failed && w.refused == "" && w.unchanged(service) && service.Annotations[targetKey] != last.from:
			return "its check has failed: " + summary(service)
		}
	}
	return ""
}

// inWindow reports whether what the last switch of a Service made live is watched, and was not judged.
func (w *world) inWindow(service *corev1.Service) bool {
	last, found := recordOf(service)
	window, watched := w.option(service, rollbackKey, w.objects)
	return leaderOf(service) == "" && found && watched && last.watch != "" && last.watch != failed && w.now.Before(last.at.Add(window))
}

// unchanged reports whether what is live is what the last switch made live, and no status is about to follow.
func (w *world) unchanged(service *corev1.Service) bool {
	if slices.ContainsFunc(inOrder(w.deployments), unobserved) {
		return false
	}
	now := liveTemplates(w.objects, service)
	return now != "" && w.ledger.switched[service.UID] == now
}

// liveTemplates returns what is live in a Service.
func liveTemplates(all objects, service *corev1.Service) string {
	found := ""
	for _, deployment := range inOrder(all.deployments) {
		if has(deployment.Spec.Template.Labels, service.Spec.Selector) {
			found += fmt.Sprintf("%s/%s/%s ", deployment.Name, deployment.UID, deployment.Annotations[revisionKey])
		}
	}
	return found
}

// nothingElseIsChecked: a Job that runs checks what is asked for, once the Deployment controller has looked at that.
func nothingElseIsChecked(w *world) string {
	if w.checksDisabled {
		return ""
	}
	for _, job := range w.runningJobs() {
		one := w.checkBy(job)
		for _, service := range w.each(func(service *corev1.Service) bool { return service.UID == one.service }) {
			unknown := slices.ContainsFunc(strings.Fields(w.templatesOf(w.objects, service)), func(template string) bool {
				return strings.HasSuffix(template, "/") // It has no revision yet.
			})
			if len(w.read(service).Errors) == 0 && !unknown && !w.asked(one, service, w.objects) {
				return fmt.Sprintf("Job %s runs: %s", job.Name, summary(service))
			}
		}
	}
	return ""
}
