package random

import (
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// marker is an annotation to which every write of the test gives a value of its own. What changes an object and leaves the marker
// alone was written by the controllers.
const marker = "test/write"

// write is one write of the test.
type write struct {
	mark    string
	what    string
	id      id
	from    int64 // A resourceVersion from before it.
	serving bool  // The API server surely asked the webhook.
	dryRun  bool

	// mayBeForbidden is set if the write asks for something through services/status, which the policy refuses.
	mayBeForbidden bool

	// lostWords returns what became of the users' annotations of a Service against the writer's word, "" for nothing.
	lostWords func(before, after map[string]string) string

	// replicas is what a write of a Deployment asks for, nil for none.
	replicas *int32

	// answer is what the API server returned.
	answer client.Object
}

// dryRunOption returns how a write says that it is a dry run.
func (by *write) dryRunOption() []string {
	if by.dryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// begin notes a write that is about to happen.
func (w *world) begin(who id, what string) *write {
	this := &write{mark: w.mark(), id: who, from: w.latest, serving: w.serving()}
	this.what = fmt.Sprintf("step %s: %s", this.mark, what)
	if !this.serving {
		this.what += " (outage)"
	}
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	w.checker.writes[this.mark] = this
	return this
}

// end notes what became of a write of a Service. A writer is refused for what the rules say, and for nothing else.
func (w *world) end(this *write, kind string, err error) {
	w.t.Helper()
	w.checker.stats[kind+": "+w.outcome(this, err)]++
	if err != nil {
		this.answer = nil
		if !w.mayBeRefused(this, err) {
			w.t.Fatalf("%s: %v", this.what, err)
		}
		return
	}
	w.saw(this.answer)
	w.noteOwners(this)
	if !this.dryRun {
		this.answer = nil
	}
}

// outcome returns the reason of a refusal, or ok.
func (w *world) outcome(this *write, err error) string {
	w.t.Helper()
	if err == nil {
		return "ok"
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		w.t.Fatalf("%s: %v", this.what, err)
	}
	return string(status.Status().Reason)
}

// mayBeRefused reports whether the rules let a write of a Service be refused like this.
func (w *world) mayBeRefused(this *write, err error) bool {
	switch {
	case apierrors.IsInvalid(err):
		return true
	case apierrors.IsForbidden(err):
		return !this.serving || this.mayBeForbidden
	case apierrors.IsConflict(err):
		return w.mayConflict(this, err)
	}
	return false
}

// mark returns a value of the marker that no other write has.
func (w *world) mark() string {
	w.written++
	return fmt.Sprintf("%d-%d", w.step, w.written)
}

// saw notes the resourceVersion of an answer.
func (w *world) saw(object client.Object) { w.latest = max(w.latest, revision(object)) }

// create creates an object, as a write of its own.
func (w *world) create(object client.Object) {
	w.t.Helper()
	object.GetAnnotations()[marker] = w.mark()
	if err := w.client.Create(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
	w.saw(object)
	if s, is := object.(*corev1.Service); is && w.serving() && leaderOf(s) == "" && s.Annotations[phaseKey] != rightPhase(s) {
		w.t.Fatalf("step %d: created with phase %q: %s", w.step, s.Annotations[phaseKey], summary(s))
	}
}

// exactly expects of the users' annotations that these have changed and no others.
func exactly(changes map[string]any) func(before, after map[string]string) string {
	expected := maps.Clone(changes)
	for _, key := range ownKeys {
		delete(expected, key)
	}
	return func(before, after map[string]string) string { return difference(after, with(before, expected)) }
}

// difference returns how annotations differ from those that are wanted, "" for not at all.
func difference(got, want map[string]string) string {
	if maps.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("got %v, want %v", got, want)
}
