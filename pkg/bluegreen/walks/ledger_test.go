package walks

import (
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// ledger is what really happened, for rules that look back.
type ledger struct {
	// askedAt is since when the ask of a Service stands, by its UID.
	askedAt map[types.UID]time.Time

	// leftAt is since when traffic of a Service has left the pods of a protected Deployment, by the UIDs of the Deployment and of the Service.
	leftAt map[types.UID]map[types.UID]time.Time

	// drains is the same, of those that have been protected since.
	drains map[types.UID]map[types.UID]time.Time

	// ended are the asks that were given up, by what was recorded of them.
	ended map[string]ask

	// checks are all that bluegreen started, in order. attempts and wanted count, by the UID of a Service, how often its record of an attempt
	// went, and how often it asked for other checks; switched is what the last switch made live.
	checks           []*check
	attempts, wanted map[types.UID]int
	switched         map[types.UID]string

	// happened are things that happen once.
	happened map[string]bool
}

func newLedger() ledger {
	return ledger{
		askedAt:  map[types.UID]time.Time{},
		leftAt:   map[types.UID]map[types.UID]time.Time{},
		drains:   map[types.UID]map[types.UID]time.Time{},
		ended:    map[string]ask{},
		attempts: map[types.UID]int{},
		wanted:   map[types.UID]int{},
		switched: map[types.UID]string{},
		happened: map[string]bool{},
	}
}

// once notes that something has happened, and returns what is wrong if it had before.
func (l *ledger) once(what, wrong string) string {
	if l.happened[what] {
		return wrong
	}
	l.happened[what] = true
	return ""
}

// forget forgets that asks of a Service have failed: somebody has forged the record of that.
func (l *ledger) forget(service types.UID) {
	for _, one := range l.checks {
		if one.service == service {
			delete(l.happened, "failed "+string(one.uid))
		}
	}
}

// learnService remembers what a write of a Service means.
func (l *ledger) learnService(w *world, change serviceChange) {
	before, after := change.before, change.after
	if before != nil && after != nil && before.UID == after.UID {
		w.recognizeService(change)
	}
	l.learnChecks(change)
	if after == nil {
		return
	}
	if change.by == forger {
		l.forget(after.UID)
	}
	if recorded := after.Annotations[attemptKey]; change.by == ours && before != nil && before.Annotations[attemptKey] != recorded {
		l.ended[recorded] = askOf(after)
	}
	// With the webhook down, an ask that comes back before bluegreen looks is the same one: its attempt stands.
	recorded := after.Annotations[attemptKey]
	of, known := l.ended[recorded]
	unseen := before != nil && recorded != "" && before.Annotations[attemptKey] == recorded && (!known || of == askOf(after))
	if before == nil || !sameAsk(before, after) && !unseen {
		l.askedAt[after.UID] = w.now
	}
	if before == nil || maps.Equal(before.Spec.Selector, after.Spec.Selector) {
		return
	}
	l.switched[after.UID] = liveTemplates(w.objects, after)
	for _, deployment := range inOrder(w.deployments) {
		running := w.podsOf(deployment)
		switch was, is := running.runs(before.Spec.Selector), running.runs(after.Spec.Selector); {
		case is:
			delete(l.leftAt[deployment.UID], after.UID)
			delete(l.drains[deployment.UID], after.UID)
		case was && protected(deployment) && deployment.Annotations[servesKey] != "":
			delete(l.happened, "retired "+string(deployment.UID))
			learnInstant(l.leftAt, deployment.UID, after.UID, w.now)
			learnInstant(l.drains, deployment.UID, after.UID, w.now)
		}
	}
}

// learnInstant notes an instant under two keys.
func learnInstant(in map[types.UID]map[types.UID]time.Time, first, second types.UID, at time.Time) {
	if in[first] == nil {
		in[first] = map[types.UID]time.Time{}
	}
	in[first][second] = at
}

// learnDeployment remembers what a write of a Deployment means.
func (l *ledger) learnDeployment(w *world, change deploymentChange) {
	if change.before != nil {
		w.recognizeDeployment(change)
	}
	changed := change.before != nil && change.after != nil
	if changed && change.before.Annotations[servesKey] != change.after.Annotations[servesKey] {
		delete(l.happened, "retired "+string(change.after.UID)) // A switch to it begins, and may be overtaken.
	}
	if change.before != nil && (change.after == nil || !protected(change.after)) {
		delete(l.drains, change.before.UID) // A user who takes the finalizer off what drains has the last word.
	}
}
