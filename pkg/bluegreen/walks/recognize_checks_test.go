package walks

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// combinationsOfChecks are those in which checks meet other options, and faults.
var combinationsOfChecks = []string{
	"a check, approval and a follower: they moved together",
	"a check, retry: a version moved whose check had failed",
	"a check, and a newer ask: the Job was ended",
	"a check after a switch failed while a newer ask waited, and traffic returned",
	"a check, and a deadline: a version moved after it",
	"a check, and a deadline: an ask failed that was to be checked",
	"a check, and a slot: it was not rolled out in place",
	"a check, and a crash: its Job was there, and not recorded",
	"a check succeeded, and traffic moved", "a check failed", "a check was lost", "a check after a switch failed, and traffic returned",
	"a check could not start", "a Job of somebody had the name of a check", "somebody took the name of a check",
	"checks were disabled, or enabled", "a check started after a switch",
}

// recognizeCrash counts that a process ends between the creation of a Job and its record.
func (w *world) recognizeCrash() {
	for _, one := range w.ledger.checks {
		for _, service := range w.each(managed) {
			if _, found := recorded(service, one.job, one.uid); !found && !one.gone && w.asked(one, service, w.objects) {
				w.count("a check, and a crash: its Job was there, and not recorded")
			}
		}
	}
}

// recognizeJob counts what a change of a Job comes to.
func (w *world) recognizeJob(change jobChange) {
	if change.by != ours {
		return
	}
	if change.after != nil {
		if w.checkOf(change).after {
			w.count("a check started after a switch")
		}
		return
	}
	one := w.checkBy(change.before)
	for _, service := range w.each(w.pending) {
		if one != nil && one.service == service.UID && !one.after && one.result == "" && one.ask != askOf(service) {
			w.count("a check, and a newer ask: the Job was ended")
		}
	}
}

// recognizeCheckedSwitch counts what a switch comes to of a Service that has checks before it.
func (w *world) recognizeCheckedSwitch(before *corev1.Service) {
	if before.Annotations[beforeKey] == "" {
		return
	}
	w.count("a check succeeded, and traffic moved")
	if before.Annotations[promotionKey] == "manual" && w.follows(before) {
		w.count("a check, approval and a follower: they moved together")
	}
	if w.ledger.happened["failed its check "+string(before.UID)+before.Annotations[targetKey]] {
		w.count("a check, retry: a version moved whose check had failed")
	}
	if deadline, limited := w.option(before, deadlineKey, w.objects); limited && w.now.After(w.ledger.askedAt[before.UID].Add(deadline)) {
		w.count("a check, and a deadline: a version moved after it")
	}
}

// recognizeFailedCheck counts that an ask was given up because of its check.
func (w *world) recognizeFailedCheck(change serviceChange) {
	if strings.Contains(change.after.Annotations[messageKey], "was deleted") {
		w.count("a check was lost")
	} else {
		w.count("a check failed")
	}
	w.ledger.happened["failed its check "+string(change.before.UID)+change.before.Annotations[targetKey]] = true
}

// recognizeCheckedReturn counts that traffic returned because of a check.
func (w *world) recognizeCheckedReturn(change serviceChange) {
	if !w.failedAfter(change.before) {
		return
	}
	w.count("a check after a switch failed, and traffic returned")
	if w.pending(change.before) {
		w.count("a check after a switch failed while a newer ask waited, and traffic returned")
	}
}

// recognizeWaiting counts why a Service waits that has checks.
func (w *world) recognizeWaiting(change serviceChange) {
	after := change.after
	if change.why != bluegreen.ReasonNotAvailable || after.Annotations[beforeKey] == "" || !w.pending(after) {
		return
	}
	for _, deployment := range w.targets(after) {
		if isHeld(deployment) {
			w.count("a check, and a slot: it was not rolled out in place")
		}
	}
}
