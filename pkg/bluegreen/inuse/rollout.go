package inuse

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// New pod labels that would take the pods of a Deployment out of a Service wait until traffic has left it. Pausing the rollout
// does that: a paused Deployment keeps its pods, replaces lost ones and still scales, and its new template waits.

// heldRollout is the state of a rollout that bluegreen paused.
type heldRollout string

const (
	// noRollout: none was paused.
	noRollout heldRollout = "None"
	// rolloutPending: pods of the Deployment serve under labels that its template lacks.
	rolloutPending heldRollout = "Pending"
	// rolloutInPlace: they do, and the target of their Service is this very Deployment: nothing else can become ready.
	rolloutInPlace heldRollout = "InPlace"
	// rolloutDue: no Service selects the pods any more.
	rolloutDue heldRollout = "Due"
)

func (s State) rollout() heldRollout {
	paused, found := bluegreen.PausedRolloutOf(s.Deployment)
	if !found {
		return noRollout
	}
	losing := slices.DeleteFunc(slices.Clone(s.Services), func(service bluegreen.Service) bool {
		return !service.Protects() || !service.WouldLose(s.Deployment)
	})
	switch {
	case len(losing) == 0:
		return rolloutDue
	case !paused.ToNone(s.Deployment) && s.Deployment.DeletionTimestamp == nil && s.onlyTargetOf(losing):
		return rolloutInPlace
	default:
		return rolloutPending
	}
}

// onlyTargetOf reports whether all of some Services wait for a target that is this Deployment, and no other. One that would not move
// to it, ready or not, does not wait for it.
func (s State) onlyTargetOf(services []bluegreen.Service) bool {
	return !slices.ContainsFunc(services, func(service bluegreen.Service) bool {
		return !service.Targets(s.Deployment) || service.Holds() || slices.ContainsFunc(s.Others, func(other *appsv1.Deployment) bool {
			return other.Name != s.Deployment.Name && !service.WouldLose(other) && service.Targets(other)
		})
	})
}

// resume lets a rollout go on, in a Deployment that stays protected. The replicas come first, by the scale subresource, which
// works while it is paused: in one write with paused, they would make the next server-side apply conflict. If it rolls out in
// place, its note stays: it serves by it until traffic moves, and is nobody's other target.
func (s State) resume(step Step) bluegreen.Decision {
	if replicas, due := s.replicasDue(); due {
		return s.write(bluegreen.ReasonRolloutResumed, bluegreen.Scale{Deployment: s.Deployment, Replicas: replicas}, nil)
	}
	serves := s.Deployment.Annotations[bluegreen.Serves]
	if step == StepResume {
		serves = bluegreen.NoteOfRollout(s.Deployment, s.Services)
	}
	resume := bluegreen.Resume{Deployment: s.Deployment, Serves: serves}
	return s.write(bluegreen.ReasonRolloutResumed, resume, rolloutResumed(s.Deployment))
}

func rolloutResumed(deployment *appsv1.Deployment) *bluegreen.Event {
	return &bluegreen.Event{Reason: bluegreen.ReasonRolloutResumed, Action: bluegreen.Resuming, Message: fmt.Sprintf(
		"the rollout of its new pod labels goes on, with %d replicas, which was paused while its pods served",
		bluegreen.Replicas(deployment))}
}

// replicasDue returns the replicas that a paused Deployment gets before it is resumed; false if it has them, or if there is a newer
// word: somebody has scaled it since, or a Service needs it, which 0 would take it from. The manifest that asks for it may say the
// replicas that were kept, which is no change, so no write shows it.
func (s State) replicasDue() (int32, bool) {
	paused, found := bluegreen.PausedRolloutOf(s.Deployment)
	if !found || paused.Wanted == paused.Kept || bluegreen.Replicas(s.Deployment) != paused.Kept {
		return 0, false
	}
	return paused.Wanted, paused.Wanted > 0 || !s.needed()
}

// needed reports whether one of the Services has no other Deployment with replicas, on the version that is live or on the target. One that
// has the target's labels but serves under others does not carry it: its rollout is held.
func (s State) needed() bool {
	return slices.ContainsFunc(s.Services, func(service bluegreen.Service) bool {
		if !service.Uses(s.Deployment) {
			return false
		}
		selector, live := service.TargetSelector(), service.Selects(s.Deployment)
		if live {
			selector = service.Spec.Selector
		}
		return !slices.ContainsFunc(s.Others, func(other *appsv1.Deployment) bool {
			return other.Name != s.Deployment.Name && bluegreen.Replicas(other) > 0 && bluegreen.SelectsPods(selector, other) &&
				(live || !service.WouldLose(other))
		})
	})
}
