package walks

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// usersMoveNoTraffic: the selector of a managed Service stays, whatever a user writes.
func usersMoveNoTraffic(_ *world, change serviceChange) string {
	if (managed(change.before) || managed(change.after)) && change.moved() {
		return "a user moved traffic"
	}
	return ""
}

func (c serviceChange) moved() bool {
	return !maps.Equal(c.before.Spec.Selector, c.after.Spec.Selector)
}

// givenUpStays: an ask that failed, or was rolled back, stays so, and its version gets no traffic. It ends with another ask, and if
// traffic returns to the very version that it is for.
func givenUpStays(w *world, change serviceChange) string {
	before, after := change.before, change.after
	if w.givenUp(before) == "" || !sameAsk(before, after) || !managed(after) || len(w.read(after).Errors) > 0 {
		return ""
	}
	if last, found := recordOf(before); found && change.why == bluegreen.ReasonRolledBack && last.from == before.Annotations[targetKey] {
		return ""
	}
	if change.moved() && live(after) == before.Annotations[targetKey] {
		return "traffic went to a version that was given up"
	}
	if change.by == user && w.webhookDown {
		return "" // What the annotations say is put back.
	}
	if w.cannotCheck(after) {
		return ""
	}
	if before.Annotations[attemptKey] != after.Annotations[attemptKey] || after.Annotations[phaseKey] != w.givenUp(before) {
		return "an ask that was given up went on"
	}
	return ""
}

// newAskNewPhase: who waits for the phase after a write that asks never reads that of the ask before.
func newAskNewPhase(w *world, change serviceChange) string {
	if w.webhookDown || sameAsk(change.before, change.after) || !managed(change.after) || leaderOf(change.after) != "" {
		return ""
	}
	want := "Stable"
	if w.pending(change.after) {
		want = "Waiting"
	}
	if got := change.after.Annotations[phaseKey]; got != want {
		return fmt.Sprintf("phase %q, want %q", got, want)
	}
	return ""
}

// onlyOwnOfService: of a Service bluegreen writes its own annotations, and the version in the selector.
func onlyOwnOfService(_ *world, change serviceChange) string {
	before, after := change.before.DeepCopy(), change.after.DeepCopy()
	for _, service := range []*corev1.Service{before, after} {
		service.Annotations, service.ResourceVersion = users(service.Annotations, ownKeys), ""
		if label := versionLabel(service.Annotations); managed(service) && service.Spec.Selector != nil {
			service.Spec.Selector[label] = ""
		}
	}
	if len(before.Annotations)+len(after.Annotations) > 0 && !maps.Equal(before.Annotations, after.Annotations) {
		return "bluegreen changed a user's annotation"
	}
	before.Annotations, after.Annotations = nil, nil
	if !reflect.DeepEqual(before, after) {
		return "bluegreen changed more than is its own"
	}
	return ""
}

// trafficGoesWhereItIsDue: to what the Service asks for, to where its leader is, or back to what the last switch left.
func trafficGoesWhereItIsDue(w *world, change serviceChange) string {
	before, to := change.before, live(change.after)
	switch last, recorded := recordOf(before); {
	case !change.moved():
		return ""
	case leaderOf(before) != "":
		leader := w.services[leaderOf(before)] // It may have been given back after its own write.
		if to != w.due(before, w.objects) && to != w.due(before, change.confirmed) && (leader == nil || to != live(leader)) {
			return fmt.Sprintf("its leader is not due to be on %s: %s", to, summary(leader))
		}
	case change.why == bluegreen.ReasonRolledBack:
		if !recorded || last.watch == "" || last.watch == "Failed" || to != last.from {
			return "traffic returned where it did not come from"
		}
	case !w.pending(before) || to != before.Annotations[targetKey]:
		return "nobody asked for that"
	}
	return ""
}

// trafficPassesTheGate: of the Service, and of all that follow it. A preview has none; nor has what selects nothing yet, nor a follower
// that was in step with its leader.
func trafficPassesTheGate(w *world, change serviceChange) string {
	before := change.before
	if !change.moved() || isPreview(before) || leaderOf(before) != "" && w.catchesUp(change) {
		return ""
	}
	to, returns := live(change.after), change.why == bluegreen.ReasonRolledBack
	if problem := w.closed(change.act, before, to, returns); problem != "" {
		return problem
	}
	for _, name := range serviceNames {
		follower := change.confirmed.at(name)
		if follower == nil || change.cached.at(name) != follower || isPreview(follower) || leaderOf(follower) != before.Name ||
			leaderOf(before) != "" || live(follower) == to {
			continue
		}
		if !w.sound(follower) {
			return "a follower is invalid: " + name
		}
		if problem := w.closed(change.act, follower, to, returns); problem != "" {
			return "of follower " + name + ": " + problem
		}
	}
	return ""
}

// catchesUp reports whether a follower goes where its leader is without a gate.
func (w *world) catchesUp(change serviceChange) bool {
	before := change.before
	if version, set := before.Spec.Selector[versionLabel(before.Annotations)]; set && version == "" {
		return true
	}
	leader := w.services[leaderOf(before)]
	if leader == nil || before.Annotations[phaseKey] != "Stable" {
		return false
	}
	last, found := recordOf(leader)
	return found && last.from == live(before)
}

// trafficWaitsForApproval: with manual promotion, a switch to a version needs the approval of exactly that.
func trafficWaitsForApproval(_ *world, change serviceChange) string {
	toTarget := live(change.after) == change.before.Annotations[targetKey]
	if change.moved() && toTarget && change.why != bluegreen.ReasonRolledBack && !approved(change.before) {
		return "nobody approved that"
	}
	return ""
}

// returnsOnce: traffic returns from what has not been available for 10 s, by itself, before the window ends. Each switch is judged once.
func returnsOnce(w *world, change serviceChange) string {
	last, recorded := recordOf(change.before)
	now, _ := recordOf(change.after)
	returned := change.moved() && change.why == bluegreen.ReasonRolledBack && leaderOf(change.before) == ""
	judged := !change.moved() && last.watch != "Failed" && now.watch == "Failed"
	if !returned && !judged {
		return ""
	}
	window, set := w.option(change.before, rollbackKey, w.objects)
	switch {
	case !recorded || !set || !w.now.Before(last.at.Add(window)):
		return "nothing is watched any more"
	case !w.broken(change.act, change.before, last) && !w.failedAfter(change.before):
		return "nothing is broken"
	case returned && now.watch != "":
		return "a return is watched"
	default:
		return w.ledger.once("judged "+string(change.before.UID)+" "+last.from+last.to+last.at.String(), "a switch was judged twice")
	}
}

// broken reports whether a Deployment that is live, in the Service or in one that follows it, has not been available for 10 s since the
// last switch.
func (w *world) broken(by act, leader *corev1.Service, last record) bool {
	for _, name := range serviceNames {
		service := by.confirmed.at(name)
		if service == nil || name != leader.Name && leaderOf(service) != leader.Name || isPreview(service) {
			continue
		}
		for _, deployment := range inOrder(by.confirmed.deployments) {
			conditions := deployment.Status.Conditions
			if !reaches(service.Spec.Selector, deployment) || len(conditions) == 0 || conditions[0].Status != corev1.ConditionFalse {
				continue
			}
			since := conditions[0].LastTransitionTime.Time
			if since.Before(last.at) {
				since = last.at
			}
			if w.now.Sub(since) >= 10*time.Second {
				return true
			}
		}
	}
	return false
}

// failsOnce: an ask fails because its check did, or not before its deadline, if its version is not ready, has not been, and something
// serves.
func failsOnce(w *world, change serviceChange) string {
	before, after := change.before, change.after
	failed := strings.HasSuffix(after.Annotations[attemptKey], "/Failed") && !strings.HasSuffix(before.Annotations[attemptKey], "/Failed")
	if !failed {
		return ""
	}
	deadline, set := w.option(before, deadlineKey, w.objects)
	asked, known := w.ledger.askedAt[before.UID]
	closed := w.closed(change.act, before, before.Annotations[targetKey], false) != "" || slices.ContainsFunc(w.targets(before), isHeld)
	for _, name := range serviceNames {
		if follower := change.confirmed.at(name); follower != nil && leaderOf(follower) == before.Name && !isPreview(follower) {
			closed = closed || !w.sound(follower) || w.closed(change.act, follower, before.Annotations[targetKey], false) != ""
		}
	}
	if one := w.checkEnded(change); one != nil {
		w.recognizeFailedCheck(change)
		return w.ledger.once("failed "+string(one.uid), "an ask failed twice")
	}
	switch {
	case !set || known && w.now.Before(asked.Add(deadline).Truncate(time.Second)):
		return fmt.Sprintf("it was asked for %s ago", w.now.Sub(asked))
	case strings.HasSuffix(before.Annotations[attemptKey], "/Ready"):
		return "its version was ready"
	case !closed && w.refused == "":
		return "its version is ready"
	default:
		return w.ledger.once("failed "+after.Annotations[attemptKey], "an ask failed twice")
	}
}

// waitingSaysWhy: a Service that is not Stable has a message.
func waitingSaysWhy(_ *world, change serviceChange) string {
	return saysWhy(change.after)
}

func saysWhy(service *corev1.Service) string {
	phase := service.Annotations[phaseKey]
	if managed(service) && phase != "Stable" && service.Annotations[messageKey] == "" {
		return "phase " + phase + " without a message"
	}
	return ""
}
