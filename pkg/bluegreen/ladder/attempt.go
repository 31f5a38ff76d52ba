package ladder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// wasNotReady begins what is said of a version that was given up because its deadline has passed.
const wasNotReady = "was not ready"

// tryAgain ends the command by which people ask again for a version that was given up.
const tryAgain = " --overwrite"

// attempted holds while the ask was not given up. One that failed, or was rolled back, stays so until somebody asks anew, whatever
// becomes of its version.
func attempted(state State) *bluegreen.Decision {
	var message string
	switch state.Service.GivenUp() {
	case bluegreen.Failed:
		message = cmp.Or(said(state, state.Service.Target, wasNotReady), said(state, state.Service.Target, checkFailed), reasonLost(state))
	case bluegreen.RolledBack:
		message = cmp.Or(said(state, state.Service.Target, wasRolledBack), givenUp(state, wasRolledBack))
	default:
		return nil
	}
	return stay(state, state.Service.GivenUp(), message, recordsOf(state))
}

// reasonLost says that an ask was given up, if somebody removed the message that says why.
func reasonLost(state State) string {
	if slices.ContainsFunc(bluegreen.CheckRecords(state.Service.Service), bluegreen.CheckRecord.Unsuccessful) {
		return givenUp(state, checkFailed+" before the switch")
	}
	return givenUp(state, wasNotReady+" in time")
}

// said returns what the Service says of a version that was given up; empty if it says something else. Why it was is recorded nowhere else.
func said(state State, version, what string) string {
	message := state.Service.Annotations[bluegreen.MessageKey]
	end := strings.LastIndex(message, tryAgain) // What was in the way may name a command, too.
	if end < 0 || !strings.HasPrefix(message, "Version "+version+" "+what+" ") {
		return ""
	}
	return message[:end] + tryAgain
}

// stay keeps traffic where it is, since a version was given up, and tells what is wrong with what serves.
func stay(state State, phase bluegreen.Phase, message string, records map[string]string) *bluegreen.Decision {
	why := verdict{reason: bluegreen.Reason(phase), message: message + trouble(state), warning: true}
	decision := report(state, phase, why, records)
	decision.Writes = append(decision.Writes, protectLive(state)...)
	return &decision
}

// trouble returns how a message goes on if something is wrong with what serves.
func trouble(state State) string {
	if trouble := cmp.Or(liveTrouble(state), liveRelabelled(state)); trouble != nil {
		return "; " + trouble.message
	}
	return ""
}

// fail gives up an ask whose target is not ready in time, and tells what was in the way.
func fail(state State, why verdict) *bluegreen.Decision {
	what := fmt.Sprintf("%s %s after it was asked for (%s)", wasNotReady, lasted(state.Service.Try(state.Now), state.Now),
		bluegreen.Shorten(why.message, 500))
	return stay(state, bluegreen.Failed, givenUp(state, what), recordsWith(state, bluegreen.OutcomeFailed))
}

// recordsWith returns the records of a Service whose attempt has come to something.
func recordsWith(state State, outcome bluegreen.Outcome) map[string]string {
	attempt := state.Service.Try(state.Now)
	attempt.Outcome = outcome
	records := recordsOf(state)
	records[bluegreen.AttemptKey] = attempt.String()
	return records
}

// givenUp says what it means that an ask was given up. It is the same whenever it is said: retry is when the attempt began.
func givenUp(state State, what string) string {
	return fmt.Sprintf("Version %s %s: %s; ask for another version, or for this one again: kubectl annotate service %s -n %s %s=%d",
		state.Service.Target, what, staysOn(state.Service), state.Service.Name, state.Service.Namespace, bluegreen.Retry,
		state.Service.Try(state.Now).Since.Unix()) + tryAgain
}

func staysOn(service bluegreen.Service) string { return "traffic stays on " + service.Describe() }

// serves reports whether traffic that stays is served: by a Deployment that the target does not replace in place, or, for all that is
// known, by pods of something else. Otherwise to wait for the target is the only way out, and giving up would make an outage last.
func serves(state State) bool {
	return servesAlone(state) && !slices.ContainsFunc(state.Followers, func(follower State) bool {
		return follower.Service.Pending() && !servesAlone(follower)
	})
}

func servesAlone(state State) bool {
	_, left := availability(state)
	inPlace := func(target *appsv1.Deployment) bool { return spansVersions(state, target) }
	return left > 0 || len(state.Live) == 0 && !slices.ContainsFunc(state.Target, inPlace)
}

// deadline returns when the ask fails if its target is not ready by then; zero if it may take as long as it likes, as one may whose
// target was ready before.
func deadline(state State) time.Time {
	attempt := state.Service.Try(state.Now)
	if state.Service.Deadline == nil || attempt.Outcome == bluegreen.OutcomeReady {
		return time.Time{}
	}
	return attempt.Since.Add(*state.Service.Deadline)
}

// asked returns how an Event begins that tells of an ask which comes into a phase: from where to where traffic is to move, and how long ago
// that was asked for. Of an ask that is given up, the Event says so itself.
func asked(state State, phase bluegreen.Phase) string {
	if !state.Service.Pending() || state.Service.Leader != "" || phase == bluegreen.Failed || phase == bluegreen.RolledBack {
		return ""
	}
	ago := ""
	if attempt, noted := state.Service.Attempt(); noted {
		if state.Service.Annotations[bluegreen.PhaseKey] == string(phase) {
			return ""
		}
		ago = fmt.Sprintf(" %s ago", lasted(attempt, state.Now))
	}
	return fmt.Sprintf("Asked to move from %s to version %s%s: ", state.Service.Describe(), state.Service.Target, ago)
}

// lasted returns how long an ask has waited, in whole seconds. Clocks may differ: it is never negative.
func lasted(attempt bluegreen.Attempt, now time.Time) time.Duration {
	return max(0, now.Sub(attempt.Since)).Round(time.Second)
}

// Ended returns what people are told when somebody's write ends an ask without a switch: it is withdrawn, or the Service is given back.
// Nil is nothing.
func Ended(before, after *corev1.Service, now time.Time) *bluegreen.Event {
	was, is := bluegreen.Read(before), bluegreen.Read(after)
	if was.SameAsk(is) {
		return nil
	}
	switch {
	case was.Managed && !is.Managed:
		return &bluegreen.Event{Reason: bluegreen.ReasonNotManaged, Action: bluegreen.Switching, Message: was.GivenBack()}
	case was.Pending() && is.Managed && is.Target == was.Live() && is.Live() == was.Live():
		message := fmt.Sprintf("Version %s is no longer asked for: traffic stays on %s", was.Target, is.Describe())
		if attempt, found := was.Attempt(); found && attempt.Outcome != bluegreen.OutcomeRolledBack {
			message += fmt.Sprintf("; it was asked for %s ago", lasted(attempt, now))
		}
		return &bluegreen.Event{Reason: bluegreen.ReasonWithdrawn, Action: bluegreen.Switching, Message: message}
	default:
		return nil
	}
}
