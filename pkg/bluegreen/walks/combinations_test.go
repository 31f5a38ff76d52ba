package walks

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// combinations are the situations in which options meet, and faults. A run of walks must come by each of them.
var combinations = []string{
	"manual promotion: an approved version moved with a follower",
	"auto-rollback: traffic returned while a newer ask waited",
	"auto-rollback: it broke with nothing to return to while a newer ask waited",
	"auto-rollback: traffic returned together with a follower",
	"retirement against undo: traffic went back to a version that was to retire",
	"retirement against undo: a version that had retired was asked for",
	"deadline against approval: a version was approved after the deadline, and moved",
	"deadline against approval: an ask failed that nobody had approved",
	"drain against the next switch: traffic went back to what drained",
	"drain against the next switch: traffic went on while something drained",
	"a switch", "a preview moved", "traffic returned", "it broke with nothing to return to", "an ask failed", "a version retired",
	"a scale-down was held", "a held scale-down was done", "a rollout was held", "a rollout was resumed", "a deletion was held",
	"a Deployment was orphaned", "what failed was asked for anew, and moved",
	"bluegreen was overtaken", "the process ended between two writes", "a write of bluegreen was refused by somebody's policy",
	"an invalid annotation was stored", "an invalid annotation was mended", "a record was forged",
}

// recognizeService counts what a write of a Service comes to.
func (w *world) recognizeService(change serviceChange) {
	before, after := change.before, change.after
	switch sound := managed(before) && len(w.read(before).Errors) == 0; {
	case change.by == user && managed(after) && sound != (len(w.read(after).Errors) == 0):
		w.count(map[bool]string{true: "an invalid annotation was stored", false: "an invalid annotation was mended"}[sound])
	case change.by == user && !sameAsk(before, after):
		w.recognizeAsk(after)
	case change.by != ours:
	case change.moved() && change.why == bluegreen.ReasonRolledBack:
		w.recognizeReturn(change)
	case change.moved() && isPreview(before):
		w.count("a preview moved")
	case change.moved() && leaderOf(before) == "":
		w.recognizeSwitch(change)
	default:
		w.recognizeEnd(change)
	}
}

func (w *world) recognizeAsk(service *corev1.Service) {
	for _, deployment := range w.targets(service) {
		if w.ledger.happened["went to 0 "+string(deployment.UID)] && *deployment.Spec.Replicas == 0 {
			w.count("retirement against undo: a version that had retired was asked for")
		}
	}
}

// targets are the Deployments of what a Service asks for.
func (w *world) targets(service *corev1.Service) []*appsv1.Deployment {
	return targetsOf(w.objects, service, onVersion(service, service.Annotations[targetKey]))
}

func (w *world) follows(leader *corev1.Service) bool {
	return slices.ContainsFunc(w.each(managed), func(service *corev1.Service) bool {
		return leaderOf(service) == leader.Name && !isPreview(service)
	})
}

func (w *world) recognizeSwitch(change serviceChange) {
	before := change.before
	w.count("a switch")
	w.recognizeCheckedSwitch(before)
	if before.Annotations[promotionKey] == "manual" && w.follows(before) {
		w.count("manual promotion: an approved version moved with a follower")
	}
	deadline, limited := w.option(before, deadlineKey, w.objects)
	if limited && before.Annotations[phaseKey] == "Paused" && w.now.After(w.ledger.askedAt[before.UID].Add(deadline)) {
		w.count("deadline against approval: a version was approved after the deadline, and moved")
	}
	if before.Annotations[retryKey] != "" && w.ledger.happened["gave up "+string(before.UID)+before.Annotations[targetKey]] {
		w.count("what failed was asked for anew, and moved")
	}
	for _, deployment := range inOrder(change.confirmed.deployments) {
		left, draining := w.ledger.drains[deployment.UID][before.UID]
		draining = draining && w.now.Sub(left) < w.drainOption(before, w.objects)
		back := w.podsOf(deployment).runs(change.after.Spec.Selector)
		switch {
		case draining && back:
			w.count("drain against the next switch: traffic went back to what drained")
		case draining:
			w.count("drain against the next switch: traffic went on while something drained")
		}
		if back && deployment.Annotations[leftKey] != "" {
			w.count("retirement against undo: traffic went back to a version that was to retire")
		}
	}
}

func (w *world) recognizeReturn(change serviceChange) {
	if leaderOf(change.before) != "" {
		w.count("auto-rollback: traffic returned together with a follower")
		return
	}
	w.count("traffic returned")
	w.recognizeCheckedReturn(change)
	if w.pending(change.before) {
		w.count("auto-rollback: traffic returned while a newer ask waited")
	}
	w.ledger.happened["gave up "+string(change.before.UID)+live(change.before)] = true
}

// recognizeEnd counts what comes to an end without a switch.
func (w *world) recognizeEnd(change serviceChange) {
	before, after := change.before, change.after
	ends := func(key, with string) bool {
		return strings.HasSuffix(after.Annotations[key], with) && !strings.HasSuffix(before.Annotations[key], with)
	}
	w.recognizeWaiting(change)
	if ends(attemptKey, "/Failed") {
		w.count("an ask failed")
		if before.Annotations[beforeKey] != "" && w.checkEnded(change) == nil {
			w.count("a check, and a deadline: an ask failed that was to be checked")
		}
		w.ledger.happened["gave up "+string(before.UID)+before.Annotations[targetKey]] = true
		if !approved(before) {
			w.count("deadline against approval: an ask failed that nobody had approved")
		}
	}
	if ends(switchKey, "/Failed") {
		w.count("it broke with nothing to return to")
		if w.pending(before) {
			w.count("auto-rollback: it broke with nothing to return to while a newer ask waited")
		}
	}
}

// recognizeDeployment counts what a write of a Deployment comes to.
func (w *world) recognizeDeployment(change deploymentChange) {
	before, after := change.before, change.after
	switch {
	case change.by == user && after != nil && before.DeletionTimestamp == nil && after.DeletionTimestamp != nil:
		w.count("a deletion was held")
	case change.why == bluegreen.ReasonOrphaned:
		w.count("a Deployment was orphaned")
	case change.by == ours && after != nil && *before.Spec.Replicas > 0 && *after.Spec.Replicas == 0:
		w.count("a held scale-down was done")
		w.ledger.happened["went to 0 "+string(before.UID)] = true
	}
}
