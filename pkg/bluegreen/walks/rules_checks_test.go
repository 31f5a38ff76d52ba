package walks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// trafficWaitsForCheck: traffic goes to a version only once a Job has succeeded that was started for it: for this ask, since that was
// made, and for the templates that get traffic.
func trafficWaitsForCheck(w *world, change serviceChange) string {
	before := change.before
	toTarget := change.moved() && leaderOf(before) == "" && w.pending(before) && live(change.after) == before.Annotations[targetKey]
	if !toTarget || before.Annotations[beforeKey] == "" || w.recordOfReturn(change) {
		return ""
	}
	by := w.seen(change)
	if w.deceived(before, change.cached) || slices.ContainsFunc(w.ledger.checks, func(one *check) bool {
		return !one.after && one.result == succeeded && w.asked(one, before, by)
	}) {
		return ""
	}
	return fmt.Sprintf("no check has succeeded for %s", w.templatesOf(by, before))
}

// deceived reports whether somebody has made a Job pass for one of bluegreen's: it has its labels and its owner, and nothing is recorded of
// the one that it replaces. Who may write Jobs may do that.
func (w *world) deceived(service *corev1.Service, all objects) bool {
	return slices.ContainsFunc(all.jobNames(), func(name string) bool {
		job := all.jobs[name]
		records := service.Annotations[checksKey]
		return w.checkBy(job) == nil && w.read(service).Checks(job) && !w.recordsIts(records, name)
	}) || w.recordsForeign(service.Annotations[checksKey])
}

// recordsIts reports whether records name a Job of bluegreen's under a name, and recordsForeign one that is none of bluegreen's.
func (w *world) recordsIts(records, name string) bool {
	return slices.ContainsFunc(w.ledger.checks, func(one *check) bool {
		return one.job == name && strings.Contains(records, name+"/"+string(one.uid))
	})
}

func (w *world) recordsForeign(records string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(records, func(r rune) bool { return r == ',' }), func(entry string) bool {
		parts := strings.Split(entry, "/")
		return len(parts) > 1 && !slices.ContainsFunc(w.ledger.checks, func(one *check) bool { return string(one.uid) == parts[1] })
	})
}

// recordOfReturn reports whether a write returns traffic to what the last switch left.
func (w *world) recordOfReturn(change serviceChange) bool {
	last, found := recordOf(change.before)
	now, _ := recordOf(change.after)
	return found && last.watch != "" && now.to == last.from && now.watch == "" && change.why == "RolledBack"
}

// checkedOnce: for an attempt and its templates, or for a switch, one Job is started, unless bluegreen ended the one before, or could not
// know of it.
func checkedOnce(w *world, change jobChange) string {
	if change.after == nil {
		return ""
	}
	made := w.checkOf(change)
	for _, one := range w.ledger.checks {
		known := !one.gone || !one.ended && one.known
		if known && one.isLike(made) {
			return fmt.Sprintf("Job %s was started for that already", one.job)
		}
	}
	return ""
}

// isLike reports whether two checks are of the same.
func (c *check) isLike(other *check) bool {
	same := c.service == other.service && c.after == other.after && c.cronJob == other.cronJob && c.wanted == other.wanted
	if c.after {
		return same && c.switched.from == other.switched.from && c.switched.to == other.switched.to && c.switched.at.Equal(other.switched.at)
	}
	return same && c.ask == other.ask && c.attempt == other.attempt && c.templates[0] == other.templates[0]
}

// checksWhatIsReady: a check starts for what is asked for, and before the switch for what is ready, once the previews show it.
func checksWhatIsReady(w *world, change jobChange) string {
	if change.after == nil {
		return ""
	}
	made := w.checkOf(change)
	var what string
	for _, all := range []objects{change.cached, change.confirmed} {
		service := all.at(change.starts.Service.Name)
		by := act{cached: all, confirmed: all}
		switch {
		case !w.asked(made, service, all):
			what = "nobody asks for that"
		case made.after:
			return ""
		case w.closed(by, service, service.Annotations[targetKey], false) != "" && !goesOn(all, service):
			what = w.closed(by, service, service.Annotations[targetKey], false)
		case slices.ContainsFunc(previewsOf(change.cached, service), func(preview *corev1.Service) bool {
			return live(preview) != service.Annotations[targetKey]
		}):
			what = "a preview does not show it"
		default:
			return ""
		}
	}
	return what
}

// goesOn reports whether the version that is asked for was ready a moment ago, and a status of it is about to follow.
func goesOn(all objects, service *corev1.Service) bool {
	return service.Annotations[phaseKey] == "Checking" && slices.ContainsFunc(inOrder(all.deployments), unobserved)
}

func unobserved(deployment *appsv1.Deployment) bool {
	return deployment.Status.ObservedGeneration < deployment.Generation
}

func previewsOf(all objects, service *corev1.Service) []*corev1.Service {
	var found []*corev1.Service
	for _, name := range serviceNames {
		if preview := all.at(name); preview != nil && isPreview(preview) && leaderOf(preview) == service.Name {
			found = append(found, preview)
		}
	}
	return found
}

// podsOfChecksGetNothing: no managed Service selects the pods of a check, neither now nor on its target.
func podsOfChecksGetNothing(w *world, change jobChange) string {
	if change.after == nil {
		return ""
	}
	for _, name := range serviceNames {
		service := change.confirmed.at(name)
		if service == nil || !w.sound(service) {
			continue
		}
		pods := change.after.Spec.Template.Labels
		if has(pods, service.Spec.Selector) || has(pods, onVersion(service, service.Annotations[targetKey])) {
			return "its pods get traffic of " + summary(service)
		}
	}
	return ""
}

// checksEndInTime: a check after a switch ends 10 s before the window does, so that traffic can return.
func checksEndInTime(w *world, change jobChange) string {
	if change.after == nil || !w.checkOf(change).after {
		return ""
	}
	last, _ := recordOf(change.starts.Service)
	window, _ := w.option(change.starts.Service, rollbackKey, change.cached)
	most := last.at.Add(window - 10*time.Second).Sub(w.now)
	if seconds := *change.after.Spec.ActiveDeadlineSeconds; seconds > 1 && time.Duration(seconds)*time.Second > most {
		return fmt.Sprintf("it may take %d s, and the window is open for %s", seconds, most+10*time.Second)
	}
	return ""
}

// checksGoOn: bluegreen deletes no Job of a check that is asked for.
func checksGoOn(w *world, change jobChange) string {
	if change.after != nil {
		return ""
	}
	one := w.checkBy(change.before)
	if one == nil || !one.after && one.attempt != w.ledger.attempts[one.service] {
		return ""
	}
	for _, all := range []objects{change.cached, change.confirmed} {
		stands := slices.ContainsFunc(serviceNames, func(name string) bool { return w.asked(one, all.at(name), all) })
		if !stands {
			return ""
		}
	}
	return "it is asked for"
}

// checkEnded returns the check of an ask that has failed, or was deleted before it ended; nil if there is none.
func (w *world) checkEnded(change serviceChange) *check {
	i := slices.IndexFunc(w.ledger.checks, func(one *check) bool {
		_, known := recorded(change.before, one.job, one.uid)
		return !one.after && (one.result == failed || one.gone && known) &&
			(w.asked(one, change.before, change.cached) || w.asked(one, change.before, change.confirmed))
	})
	if i < 0 {
		return nil
	}
	return w.ledger.checks[i]
}

// failedAfter reports whether the check of a switch has failed.
func (w *world) failedAfter(service *corev1.Service) bool {
	return slices.ContainsFunc(w.ledger.checks, func(one *check) bool {
		return one.after && one.result == failed && w.asked(one, service, w.objects)
	})
}
