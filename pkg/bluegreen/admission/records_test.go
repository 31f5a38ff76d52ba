package admission

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRecordsAreBluegreensAloneAndTheLastSwitchOutlastsAnAsk(t *testing.T) {
	const (
		attempt = "2026-11-28T08:00:00Z//8a2db7bed7c6ac0e"
		left    = "1.9/1.10/2026-11-28T07:00:00Z//version"
	)
	blue := PodsOf("1.10")
	tried, switched := Annotation(bluegreen.AttemptKey, attempt), Annotation(bluegreen.LastSwitchKey, left)
	waits := WaitingFor("1.11", "not yet")
	waits[bluegreen.AttemptKey], waits[bluegreen.LastSwitchKey] = attempt, left
	again := func(retry, why string) map[string]string {
		annotations := WaitingFor("1.11", why)
		annotations[bluegreen.LastSwitchKey], annotations[bluegreen.Retry] = left, retry
		return annotations
	}
	mended := func(phase, attempt, message string) map[string]string {
		annotations := WaitingFor("1.11", message)
		annotations[bluegreen.AttemptKey], annotations[bluegreen.LastSwitchKey], annotations[bluegreen.PhaseKey] = attempt, left, phase
		if message == "" {
			delete(annotations, bluegreen.MessageKey)
		}
		return annotations
	}
	givenUp := func(phase string) map[string]string { return mended(phase, attempt+"/"+phase, "not yet") }
	rests := StableOn("1.10")
	rests[bluegreen.LastSwitchKey] = left

	admitAll(t, map[string]serviceCase{
		"left out": {
			old:         Waiting(tried, switched),
			new:         Waiting(),
			selector:    blue,
			annotations: waits,
		},
		"forged": {
			old:         Waiting(tried, switched),
			new:         Waiting(Annotation(bluegreen.AttemptKey, "x"), Annotation(bluegreen.LastSwitchKey, "y")),
			selector:    blue,
			annotations: waits,
			warnings:    []string{inVain(bluegreen.AttemptKey, "x"), inVain(bluegreen.LastSwitchKey, "y")},
		},
		"the same version once more": {
			old:         Waiting(tried, switched),
			new:         Waiting(tried, switched, Annotation(bluegreen.Retry, "2")),
			selector:    blue,
			annotations: again("2", asked),
		},
		"the same version once more, by a manifest": {
			old:         Waiting(tried, switched, Annotation(bluegreen.Retry, "2")),
			new:         Waiting(Annotation(bluegreen.Retry, "3")),
			selector:    blue,
			annotations: again("3", asked),
		},
		"a manifest with a retry, applied again": {
			old:         Waiting(switched, Annotation(bluegreen.Retry, "2")),
			new:         Waiting(Annotation(bluegreen.Retry, "2")),
			selector:    blue,
			annotations: again("2", "not yet"),
		},
		"withdrawn": {
			old:         Waiting(tried, switched),
			new:         Managed(),
			selector:    blue,
			annotations: rests,
		},
		"a last switch to another version than what is live": {
			old:         Waiting(Annotation(bluegreen.LastSwitchKey, "1.8/1.9/2026-11-28T07:00:00Z//version")),
			new:         Managed(),
			selector:    blue,
			annotations: StableOn("1.10"),
		},
		"adopted with what somebody wrote before": {
			old:         Service(switched),
			new:         Service(switched, Asks("1.10")),
			selector:    blue,
			annotations: StableOn("1.10"),
		},
		"an option mended": {
			old:         Waiting(tried, switched, Annotation(bluegreen.Ready, "soon"), Annotation(bluegreen.MessageKey, "invalid")),
			new:         Waiting(tried, switched, Annotation(bluegreen.MessageKey, "invalid")),
			selector:    blue,
			annotations: mended("Waiting", attempt, asked),
		},
		"an option mended after the ask has failed": {
			old: Waiting(Annotation(bluegreen.AttemptKey, attempt+"/Failed"), switched, Annotation(bluegreen.Ready, "soon"),
				Annotation(bluegreen.MessageKey, "invalid")),
			new:         Waiting(switched),
			selector:    blue,
			annotations: mended("Failed", attempt+"/Failed", ""),
			warnings:    []string{inVain(bluegreen.MessageKey, "not yet")},
		},
		"an option mended after a rollback": {
			old: Waiting(Annotation(bluegreen.AttemptKey, attempt+"/RolledBack"), switched, Annotation(bluegreen.Ready, "soon"),
				Annotation(bluegreen.MessageKey, "invalid")),
			new:         Waiting(switched, Lacks(bluegreen.MessageKey)),
			selector:    blue,
			annotations: mended("RolledBack", attempt+"/RolledBack", ""),
		},
		"applied again after a rollback, with the selector that was rolled back": {
			old:         Waiting(Annotation(bluegreen.AttemptKey, attempt+"/RolledBack"), switched, Annotation(bluegreen.PhaseKey, "RolledBack")),
			new:         Service(Asks("1.11"), SelectsVersion("1.11")),
			selector:    blue,
			annotations: givenUp("RolledBack"),
			warnings:    []string{wasGivenUp("RolledBack")},
		},
		"applied again after a failure, with the selector that was asked for": {
			old:         Waiting(Annotation(bluegreen.AttemptKey, attempt+"/Failed"), switched, Annotation(bluegreen.PhaseKey, "Failed")),
			new:         Service(Asks("1.11"), SelectsVersion("1.11")),
			selector:    blue,
			annotations: givenUp("Failed"),
			warnings:    []string{wasGivenUp("Failed")},
		},
		"tried again after a rollback, with the selector that was rolled back": {
			old:         Waiting(Annotation(bluegreen.AttemptKey, attempt+"/RolledBack"), switched, Annotation(bluegreen.PhaseKey, "RolledBack")),
			new:         Service(Asks("1.11"), SelectsVersion("1.11"), Annotation(bluegreen.Retry, "2")),
			selector:    blue,
			annotations: again("2", asked),
			warnings:    []string{heldAsk},
		},
		"created from a copy": {
			new:         Managed(tried, switched),
			selector:    blue,
			annotations: StableOn("1.10"),
			warnings:    []string{inVain(bluegreen.AttemptKey, attempt), inVain(bluegreen.LastSwitchKey, left)},
		},
		"given back": {
			old:      Managed(switched),
			new:      Service(switched),
			selector: blue,
			warnings: []string{givenBack},
		},
	})
}
