package ladder

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// So begins what is said of a version after its rollback, and of one that broke when there was nothing to return to.
const (
	wasRolledBack = "was rolled back"
	hasBroken     = "has broken"
)

// watch looks after what a switch made live, while its window is open and the ladder leaves traffic where it is. If it breaks, traffic
// returns to the version that was left, whatever is waited for meanwhile. That is judged once.
func watch(state State, decision bluegreen.Decision) bluegreen.Decision {
	last, end, found := state.Service.Window()
	if !found || last.Judged() || !state.Now.Before(end) || state.Service.Leader != "" {
		return decision
	}
	why, due := broken(state, last)
	if why == nil {
		return checkAfter(state, decision, end)
	}
	if state.Now.Before(due) {
		return checkAfter(state, decision.LookingAgainBy(due), end)
	}
	back := state.as(state.Service.Returning(), state.all())
	switch obstacle := cmp.Or(gate(back), gateOfFollowers(back)); {
	case obstacle == nil:
		return rollBack(state, back, decision, why)
	case obstacle.unobserved || back.Service.Target == state.Service.Target:
		return checkAfter(state, decision, end) // Its status is about to follow; or it is asked for, and waited for, anyway.
	case obstacle.reason == bluegreen.ReasonWriteFailed:
		return returnLater(state, decision, why, obstacle)
	default:
		return judge(state, decision, why, obstacle)
	}
}

// broken returns what is wrong with what the last switch made live, in followers that moved with it too, and when traffic returns if that
// lasts; nil if nothing is.
func broken(state State, last bluegreen.LastSwitch) (why *verdict, due time.Time) {
	if why := failedAfter(state, last); why != nil {
		return why, state.Now
	}
	for _, one := range state.together() {
		moved, _, watched := one.Service.Window()
		if !watched || moved.From != last.From || moved.To != last.To {
			continue
		}
		for _, deployment := range one.Live {
			since, broke := brokeAt(deployment, moved, last.At)
			if at := since.Add(bluegreen.Patience); broke && (why == nil || at.Before(due)) {
				due, why = at, about(deployment, &verdict{message: "not available since " + since.UTC().Format(time.RFC3339) + because(deployment)})
			}
		}
	}
	return why, due
}

// because returns how a message goes on if a Deployment says why it is not available.
func because(deployment *appsv1.Deployment) string {
	if why := stuck(deployment); why != nil {
		return bluegreen.Shorten(why.message, 300)
	}
	return ""
}

// brokeAt returns since when a Deployment is not available any more, by itself, after a switch; false if it is. What its user does to it
// is no failure: another template, a pause, a deletion. Nor is it that more replicas are asked for than at the switch, by an autoscaler
// say, and are not there yet: fewer must be available than was asked for then.
func brokeAt(deployment *appsv1.Deployment, moved bluegreen.LastSwitch, switched time.Time) (time.Time, bool) {
	replicas, watched := moved.Watches(deployment)
	status, available := deployment.Status, condition(deployment, appsv1.DeploymentAvailable)
	if !watched || deployment.Spec.Paused || deployment.DeletionTimestamp != nil || status.ObservedGeneration < deployment.Generation ||
		available.Status != corev1.ConditionFalse || status.AvailableReplicas >= minimumAvailable(deployment, replicas) {
		return time.Time{}, false
	}
	if at := available.LastTransitionTime.Time; at.After(switched) {
		return at, true
	}
	return switched, true // It was available at the switch, whatever another clock says.
}

// rollBack returns traffic to the version that the last switch left, in one write. If its ask still stands, that has come to its end; a
// newer ask goes on.
func rollBack(state, back State, decision bluegreen.Decision, why *verdict) bluegreen.Decision {
	service := state.Service
	last, _, _ := service.Window()
	moved := state.as(service.WithSelector(back.Service.TargetSelector()), state.all())
	what := fmt.Sprintf("%s %s (%s)", wasRolledBack, afterSwitch(state, last), why.message)
	told := fmt.Sprintf("Version %s %s: traffic is on version %s again", last.To, what, last.From)

	own := bluegreen.Status(bluegreen.Stable, "") // What traffic returns to is asked for by now.
	switch {
	case !service.Pending():
		told = givenUp(moved, what) + trouble(moved)
		own = bluegreen.Status(bluegreen.RolledBack, bluegreen.Clip(told))
		maps.Copy(own, recordsWith(moved, bluegreen.OutcomeRolledBack))
	case moved.Service.Pending():
		told += fmt.Sprintf("; version %s is still asked for", service.Target)
		own = ownAfter(state, decision)
		recordChecks(moved, own) // What checked the version that traffic returns from matters no more.
		if message, found := own[bluegreen.MessageKey]; found {
			own[bluegreen.MessageKey] = strings.Replace(message, staysOn(service), staysOn(moved.Service), 1)
		}
	}
	own[bluegreen.LastSwitchKey] = service.Returned(state.Now).String()
	tell := verdict{reason: bluegreen.ReasonRolledBack, message: told, warning: true}
	writes := slices.Concat(protectTarget(back), writeOf(state, moved.Service.WithOwn(own), tell), moveFollowers(back))
	return bluegreen.Decision{Reason: tell.reason, Writes: writes}
}

// returnLater tells that the API server refuses the write of a follower. That says nothing of the version that was left: it is tried again.
func returnLater(state State, decision bluegreen.Decision, why, obstacle *verdict) bluegreen.Decision {
	last, _, _ := state.Service.Window()
	if !state.Service.Pending() {
		decision = show(state, bluegreen.Stable, verdict{reason: bluegreen.ReasonWriteFailed, warning: true, message: fmt.Sprintf(
			"Version %s %s (%s), and traffic cannot return to version %s yet (%s)", last.To, hasBroken, why.message, last.From, obstacle.message)})
		decision.Writes = append(decision.Writes, protectLive(state)...)
	}
	return decision.LookingAgainBy(state.Now.Add(tryAgainAfter))
}

// judge records that what is live broke, and that traffic cannot return, and tells what is in the way. From then on traffic stays.
func judge(state State, decision bluegreen.Decision, why, obstacle *verdict) bluegreen.Decision {
	service := state.Service
	last, end, _ := service.Window()
	message := stranded(service, last, fmt.Sprintf(" %s (%s), and traffic could not return to version %s (%s)", afterSwitch(state, last),
		why.message, last.From, bluegreen.Shorten(obstacle.message, 300)))
	if !service.Pending() {
		records := recordsOf(state)
		records[bluegreen.LastSwitchKey] = last.Judge().String()
		decision = *stay(state, bluegreen.Failed, message, records)
		decision.LookAgain = end
		return decision
	}
	own := ownAfter(state, decision)
	own[bluegreen.LastSwitchKey] = last.Judge().String()
	tell := verdict{reason: bluegreen.ReasonFailed, message: message, warning: true}
	writes := writeOf(state, service.WithOwn(own), tell)
	for _, write := range decision.Writes {
		if _, is := write.Change.(bluegreen.WriteService); !is {
			writes = append(writes, write)
		}
	}
	decision.Reason, decision.Writes = tell.reason, writes
	return decision
}

// judged keeps a Service that is on its target Failed until its window ends, if that broke and traffic could not return.
func judged(state State) *bluegreen.Decision {
	last, end, found := state.Service.Window()
	if !found || !last.Judged() || !state.Now.Before(end) {
		return nil
	}
	message := cmp.Or(said(state, last.To, hasBroken), stranded(state.Service, last, " after the switch, and traffic could not return"))
	decision := stay(state, bluegreen.Failed, message, recordsOf(state))
	decision.LookAgain = end
	return decision
}

// stranded says what it means that a version broke when there was nothing to return to.
func stranded(service bluegreen.Service, last bluegreen.LastSwitch, how string) string {
	return fmt.Sprintf("Version %s %s%s: traffic stays, and does not return by itself any more; once version %s is ready: kubectl annotate "+
		"service %s -n %s %s=%s", last.To, hasBroken, how, last.From, service.Name, service.Namespace, bluegreen.TargetVersion,
		last.From) + tryAgain
}

// afterSwitch returns how long after a switch it is, for people.
func afterSwitch(state State, last bluegreen.LastSwitch) string {
	return max(0, state.Now.Sub(last.At)).Round(time.Second).String() + " after the switch"
}

// ownAfter returns bluegreen's own annotations as a decision leaves them.
func ownAfter(state State, decision bluegreen.Decision) map[string]string {
	for _, write := range decision.Writes {
		if service, is := write.Change.(bluegreen.WriteService); is {
			return bluegreen.OwnAnnotations(service.Desired)
		}
	}
	return bluegreen.OwnAnnotations(state.Service.Service)
}
