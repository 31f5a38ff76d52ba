package metrics

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Wrote counts what a write of the controller means, once it has succeeded. It goes by the records that it leaves: to read all annotations
// once more would cost more than the rest.
func Wrote(write bluegreen.Write, now time.Time) {
	change, is := write.Change.(bluegreen.WriteService)
	if !is {
		return
	}
	moves := change.MovesTraffic()
	if moves {
		switches.Inc()
	}
	if moves && tells(write, bluegreen.ReasonRolledBack) {
		rollbacks.Inc()
	}
	was, becomes := attemptOf(change.Observed), attemptOf(change.Desired)
	switch {
	case becomes.outcome == bluegreen.OutcomeFailed && was.outcome != becomes.outcome:
		failures.WithLabelValues(reasonOfFailure(change.Desired)).Inc()
	case !moves && judged(change.Desired) && !judged(change.Observed):
		failures.WithLabelValues(failedCouldNotReturn).Inc()
	case was.outcome != "" || bluegreen.LeaderOf(change.Observed) != "": // It was ready before, or given up; or it is not asked itself.
	case becomes.outcome == bluegreen.OutcomeReady, moves && tells(write, bluegreen.ReasonSwitched):
		askToReady.Observe(was.age(now).Seconds())
	}
}

func tells(write bluegreen.Write, reason bluegreen.Reason) bool {
	return write.Tell != nil && write.Tell.Reason == reason
}

// reasonOfFailure returns why an ask was given up: its check has ended without success, or it was not ready in time.
func reasonOfFailure(service *corev1.Service) string {
	if slices.ContainsFunc(bluegreen.CheckRecords(service), bluegreen.CheckRecord.Unsuccessful) {
		return failedCheck
	}
	return failedNotReady
}

// attempt is what the record of an ask says, see bluegreen.Attempt. It is zero if there is none of that Service.
type attempt struct {
	since   time.Time
	outcome bluegreen.Outcome
}

func attemptOf(service *corev1.Service) attempt {
	parts := strings.SplitN(service.Annotations[bluegreen.AttemptKey], "/", 4)
	if len(parts) < 3 || parts[1] != string(service.UID) {
		return attempt{}
	}
	since, err := time.Parse(time.RFC3339, parts[0])
	if err != nil {
		return attempt{}
	}
	return attempt{since, bluegreen.Outcome(strings.Join(parts[3:], ""))}
}

// age returns how long ago the ask was first seen; 0 if that is now. Clocks may differ: it is never negative.
func (a attempt) age(now time.Time) time.Duration {
	if a.since.IsZero() {
		return 0
	}
	return max(0, now.Sub(a.since))
}

// judged reports whether what the last switch made live broke, and traffic could not return.
func judged(service *corev1.Service) bool {
	return strings.HasSuffix(service.Annotations[bluegreen.LastSwitchKey], "/"+string(bluegreen.OutcomeFailed))
}

// heldKinds are the kinds of held writes, by the reason under which they are told.
var heldKinds = map[bluegreen.Reason]string{
	bluegreen.ReasonDeletionHeld:  HeldDeletion,
	bluegreen.ReasonScaleDownHeld: HeldScaleDown,
	bluegreen.ReasonRolloutHeld:   HeldRollout,
}

// Told counts what an Event of the leader tells.
func Told(event bluegreen.Event) {
	if kind, held := heldKinds[event.Reason]; held {
		Held.WithLabelValues(kind).Inc()
	}
}
