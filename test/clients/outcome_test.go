//go:build e2e

package clients

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// outcome is what comes of a write, in a word.
type outcome string

const (
	held      outcome = "held"
	kept      outcome = "kept"
	nothing   outcome = "no-op"
	withdrawn outcome = "withdrawn"
	adopted   outcome = "adopted"
	givenBack outcome = "given back"
	refused   outcome = "refused"
	byPolicy  outcome = "refused by the policy"
	conflict  outcome = "conflict"
	recreated outcome = "re-created"
	movedOn   outcome = "moved"
	// failed is what nobody expects.
	failed outcome = "failed"
)

// legend explains the outcomes, in the order in which docs/clients.md does.
var legend = []struct {
	outcome outcome
	meaning string
}{
	{held, "accepted; traffic stays until the version asked for is ready, and then moves to it"},
	{kept, "accepted; traffic stays, because the write asks for nothing new"},
	{nothing, "accepted; nothing changes, not even the resourceVersion"},
	{withdrawn, "accepted; a switch that waited is off, and traffic stays also when that version becomes ready"},
	{adopted, "accepted; the Service is managed from now on, and traffic stays"},
	{givenBack, "accepted; the Service is no longer managed, and traffic stays"},
	{refused, "422: nothing changes, and the message says what to do instead"},
	{byPolicy, "403 from the ValidatingAdmissionPolicy, which has the last word: nothing changes"},
	{conflict, "refused by server-side apply, because somebody else owns a field"},
	{recreated, "the Service is deleted and created, so traffic goes at once where its selector says: " +
		"nothing can hold it, and a warning says so"},
	{movedOn, "traffic moves at once"},
}

// classify returns what came of a write. A version that is asked for is not ready at that moment, so that nothing but the write
// itself can have moved traffic.
func classify(before, after *corev1.Service, result harness.Output) outcome {
	if result.Err != nil {
		return classifyFailure(before, after, result)
	}
	switch {
	case after.UID != before.UID && strings.Contains(result.Stderr, "cannot hold what deletes it and creates it again"):
		return recreated
	case after.UID != before.UID:
		return failed
	case after.ResourceVersion == before.ResourceVersion:
		return nothing
	case !maps.Equal(after.Spec.Selector, before.Spec.Selector):
		return movedOn
	case managed(before) && !managed(after):
		return givenBack
	case pending(after) && (!pending(before) || target(before) != target(after)):
		return held
	case !managed(before) && managed(after):
		return adopted
	case pending(before) && !pending(after):
		return withdrawn
	default:
		return kept
	}
}

func classifyFailure(before, after *corev1.Service, result harness.Output) outcome {
	switch {
	case after.ResourceVersion != before.ResourceVersion:
		return failed
	case strings.Contains(result.Stderr, "conflict"):
		return conflict
	case strings.Contains(result.Stderr, "is invalid"):
		return refused
	case strings.Contains(result.Stderr, "ValidatingAdmissionPolicy"):
		return byPolicy
	default:
		return failed
	}
}

func managed(s *corev1.Service) bool { return asked(s) || bluegreen.LeaderOf(s) != "" }

// asked reports whether a Service is managed by a target of its own.
func asked(s *corev1.Service) bool {
	_, asked := s.Annotations[bluegreen.TargetVersion]
	return asked
}

func target(s *corev1.Service) string { return s.Annotations[bluegreen.TargetVersion] }

func pending(s *corev1.Service) bool { return asked(s) && s.Spec.Selector["version"] != target(s) }
