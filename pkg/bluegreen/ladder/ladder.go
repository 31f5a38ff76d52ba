// Package ladder decides what to do about a Service. Only that belongs here; each rung has a file of its own.
package ladder

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// State is what has been observed of one Service.
type State struct {
	Service bluegreen.Service

	// Target are the Deployments, by name, whose pods the Service would select on its target. None when no switch is
	// pending. They decide about the switch.
	Target []*appsv1.Deployment

	// Left are the Deployments, by name, that have pods which the Service would select on its target, but another template.
	Left []*appsv1.Deployment

	// Back are the Deployments, by name, that have pods to which traffic may return from what is live.
	Back []*appsv1.Deployment

	// Live are the Deployments, by name, whose pods the Service selects.
	Live []*appsv1.Deployment

	// Leader is the Service that this one is led by; it does not exist if there is none.
	Leader bluegreen.Service

	// Followers are the states of those that follow the Service, by name, each with the Service's target as its own.
	Followers []State

	// Refused says why the API server refuses the write that would move a follower; empty if that is not known.
	Refused string

	// Checks are what is known of checks by Jobs.
	Checks Checks

	// Protection reports whether the installation protects Deployments in use.
	Protection bool

	// Now is the time, as the API server has it.
	Now time.Time
}

// rung returns what to do if it does not hold, and nil if it holds.
type rung func(State) *bluegreen.Decision

// ladder is climbed anew at every event. Its order is the specification: the first rung that does not hold decides.
var ladder = []rung{
	managed,
	valid,
	led,
	attempted,
	ready,
	checked,
	approved,
	moved,
}

// Decide maps what is observed to what to do. Traffic moves in two cases only: to the target, for a valid ask; and back from what has
// just become live, and broke. Each time every check of the gate has passed.
func Decide(state State) bluegreen.Decision {
	decision := climb(state)
	if !decision.MovesTraffic() {
		decision = watch(state, decision)
	}
	decision.Writes = append(decision.Writes, endChecks(state)...)
	return decision
}

func climb(state State) bluegreen.Decision {
	for _, rung := range ladder {
		if decision := rung(state); decision != nil {
			return *decision
		}
	}
	return kept(state)
}

// verdict is why something is as it is: in one word, and in one sentence a person can act on.
type verdict struct {
	reason  bluegreen.Reason
	message string

	// warning reports whether people should look at it even if they do not wait for it.
	warning bool

	// unobserved reports whether it is so because a status is of an older generation, which changes in a moment.
	unobserved bool
}

// wait keeps traffic where it is until the target is ready, and tells why it is not.
func wait(state State, why verdict) *bluegreen.Decision {
	return hold(state, bluegreen.Waiting, why, recordsOf(state))
}

// hold keeps traffic where it is, and tells why. It also tells what is wrong with the live Deployments.
func hold(state State, phase bluegreen.Phase, why verdict, records map[string]string) *bluegreen.Decision {
	for _, more := range []*verdict{fewerThanLive(state), liveTrouble(state)} {
		if more != nil {
			why.message, why.warning = why.message+"; "+more.message, true
		}
	}
	decision := report(state, phase, why, records)
	decision.Writes = append(decision.Writes, protectLive(state)...)
	// The target gets the finalizer while it waits, so that the switch need not put it there.
	decision.Writes = append(decision.Writes, protectWaiting(state)...)
	return &decision
}

// show returns the decision that writes a phase and its message on the Service, unless both are there already.
func show(state State, phase bluegreen.Phase, why verdict) bluegreen.Decision {
	return report(state, phase, why, recordsOf(state))
}

// report does the same with records that differ from those on the Service.
func report(state State, phase bluegreen.Phase, why verdict, records map[string]string) bluegreen.Decision {
	own := bluegreen.Status(phase, bluegreen.Clip(why.message))
	maps.Copy(own, records)
	why.message = asked(state, phase) + why.message
	return bluegreen.Decision{Reason: why.reason, Writes: writeOf(state, state.Service.WithOwn(own), why)}
}

// recordsOf returns the records of the Service as they go on.
func recordsOf(state State) map[string]string {
	records := state.Service.Records(state.Now)
	recordChecks(state, records)
	return records
}

// writeOf returns the write of a Service, and what people are told of it; none if there is nothing to write.
func writeOf(state State, desired *corev1.Service, why verdict) []bluegreen.Write {
	change := bluegreen.WriteService{Observed: state.Service.Service, Desired: desired}
	if change.Empty() {
		return nil
	}
	var event *bluegreen.Event
	if why.message != "" {
		event = &bluegreen.Event{Reason: why.reason, Action: bluegreen.Switching, Message: why.message, Warning: why.warning}
	}
	return []bluegreen.Write{{Change: change, Tell: event}}
}
