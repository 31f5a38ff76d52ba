package walks

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// perform makes the writes of a decision in order, up to the first that meets a change by somebody else, and reports whether it made any.
// This is the one place where Changes are performed.
func (w *world) perform(decision bluegreen.Decision) (wrote bool) {
	if len(decision.Writes) == 0 {
		return false
	}
	by := act{by: ours, why: decision.Reason, cached: w.process.cache.clone(), confirmed: w.objects.clone()}
	for _, write := range decision.Writes {
		if start, is := write.Change.(bluegreen.StartCheck); is {
			by.attempt = w.ledger.attempts[start.Service.UID]
		}
	}
	for _, write := range decision.Writes {
		w.meanwhile()
		if w.process.dies == 0 {
			w.count("the process ended between two writes")
			w.restart()
			return true
		}
		w.process.dies = max(-1, w.process.dies-1)
		if !w.write(by, write.Change) {
			return wrote
		}
		wrote = true
		w.writes++
	}
	return wrote
}

// write makes one change, and reports whether nobody was faster, and nobody refused it.
func (w *world) write(by act, change bluegreen.Change) bool {
	switch change := change.(type) {
	case bluegreen.WriteService:
		return w.rewrite(by, change)
	case bluegreen.StartCheck:
		return w.startJob(by, change)
	case bluegreen.EndCheck:
		return w.endJob(by, change.Job)
	default:
		return w.writeOurs(by, change)
	}
}

// writeOurs makes one change of a Deployment.
func (w *world) writeOurs(by act, change bluegreen.Change) bool {
	seen := change.Object()
	current := w.deployments[seen.GetName()]
	if current == nil || current.UID != seen.GetUID() || current.ResourceVersion != seen.GetResourceVersion() {
		w.count("bluegreen was overtaken")
		return false
	}
	after := current.DeepCopy()
	if after.Annotations == nil {
		after.Annotations = map[string]string{}
	}
	carryOut(change, after)
	w.tell("    %s: %T of %s", by.why, change, seen.GetName())
	w.storeDeployment(by, current, after)
	return true
}

// carryOut makes a change of a Deployment, as the patches of pkg/watch/cluster/changes.go do.
func carryOut(change bluegreen.Change, after *appsv1.Deployment) {
	switch change := change.(type) {
	case bluegreen.Protect:
		if !protected(after) {
			after.Finalizers = append(after.Finalizers, finalizer)
		}
		note(after, servesKey, change.Serves)
	case bluegreen.Unprotect:
		after.Finalizers = slices.DeleteFunc(after.Finalizers, func(name string) bool { return name == finalizer })
		if bluegreen.RolloutHeld(change.Deployment) {
			after.Spec.Paused = false
		}
		note(after, servesKey, "")
		note(after, resumeKey, "")
	case bluegreen.Resume:
		if bluegreen.RolloutHeld(change.Deployment) {
			after.Spec.Paused = false
		}
		note(after, servesKey, change.Serves)
		note(after, resumeKey, "")
	case bluegreen.Note:
		for key, value := range change.Notes {
			note(after, key, value)
		}
	case bluegreen.Scale:
		after.Spec.Replicas = &change.Replicas
	}
}

// note writes a note; an empty one is removed.
func note(deployment *appsv1.Deployment, key, value string) {
	if value == "" {
		delete(deployment.Annotations, key)
	} else {
		deployment.Annotations[key] = value
	}
}

// rewrite writes a Service, through webhook and policy.
func (w *world) rewrite(by act, write bluegreen.WriteService) bool {
	current := w.services[write.Observed.Name]
	if current == nil || current.UID != write.Observed.UID || current.ResourceVersion != write.Observed.ResourceVersion {
		w.count("bluegreen was overtaken")
		return false
	}
	if w.refuses(write) {
		w.count("a write of bluegreen was refused by somebody's policy")
		return false
	}
	wanted := current.DeepCopy()
	wanted.Annotations, wanted.Spec.Selector = maps.Clone(write.Desired.Annotations), maps.Clone(write.Desired.Spec.Selector)
	stored := wanted
	if !w.webhookDown && touched(current, wanted) {
		stored = w.decisions.admitService(w.serviceWrite(current, wanted, true)).Service.DeepCopy()
	}
	if refusal := refusedByPolicy(current, stored, ours); refusal != "" || !maps.Equal(stored.Spec.Selector, wanted.Spec.Selector) {
		w.fail("bluegreen's writes pass webhook and policy", "%s: %s became %s", refusal, summary(wanted), summary(stored))
		return false
	}
	w.tell("    %s: %s", by.why, summary(stored))
	w.storeService(by, current, stored)
	return true
}
