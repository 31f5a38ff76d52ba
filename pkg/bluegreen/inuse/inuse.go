// Package inuse decides what to do about a Deployment that is in use, or was. Only that belongs here.
//
// Keeping traffic on the live version is safe only while that version exists. A Deployment in use carries a finalizer
// (bluegreen.InUseProtection), after Kubernetes' own pvc-protection: a deletion of it waits, its pods serving, until traffic has
// moved. So do a scale-down and new pod labels.
package inuse

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Settle is how long a Deployment is kept whose Service is gone or was given back: it may be about to be created again. It also
// delays looking at a Deployment unless somebody waits for it, and looking again at one that is used again.
const Settle = 5 * time.Second

// State is what has been observed of one Deployment.
type State struct {
	Deployment *appsv1.Deployment

	// Services are those of the namespace that may use it, or may have left it.
	Services []bluegreen.Service

	// Others are the Deployments that those Services may use. They matter only while a rollout is paused.
	Others []*appsv1.Deployment

	// Protection reports whether the installation protects Deployments in use. Otherwise none counts as used.
	Protection bool

	// Now is the time of the observation, and Drained the instant from which the next step may be taken; zero for now.
	Now, Drained time.Time

	// APINow is the time of the observation as the API server has it. The instants of records are by that.
	APINow time.Time

	// PodsServe reports whether a Service still selects pods of it that neither its template nor its note knows of.
	PodsServe bool

	// Orphaned reports whether it is being deleted and was told to leave its ReplicaSets behind.
	Orphaned bool
}

// Step is what comes next for a Deployment.
type Step string

// Steps.
const (
	// StepNone: everything stays as it is.
	StepNone Step = "None"
	// StepForget: a scale-down that was held is void.
	StepForget Step = "Forget"
	// StepRoll: the Deployment is its own target, so the rollout that was paused goes on.
	StepRoll Step = "Roll"
	// StepResume: traffic has left its pods, and a Service waits for those of its new template.
	StepResume Step = "Resume"
	// StepUnprotect: nothing uses it any more.
	StepUnprotect Step = "Unprotect"
	// StepLeave: traffic has just left it, which is noted for its retirement.
	StepLeave Step = "Leave"
	// StepRetire: it goes to 0 replicas some time after traffic has left it.
	StepRetire Step = "Retire"
	// StepStay: it does not retire any more, or has.
	StepStay Step = "Stay"
)

// Next returns what comes next for a Deployment, whenever that is.
func (s State) Next() Step {
	scaleDown, _ := s.scaleDown()
	used := s.Protection && s.Used()
	rollout := s.rollout()
	switch {
	case scaleDown == scaleDownVoid:
		return StepForget
	case used && rollout == rolloutInPlace:
		return StepRoll
	case used && rollout == rolloutDue:
		return StepResume
	case !used && s.justLeft():
		return StepLeave
	case scaleDown == scaleDownDue || scaleDown == scaleDownBound, bluegreen.Protected(s.Deployment) && !used:
		return StepUnprotect
	default:
		return s.retirement()
	}
}

// Used reports whether one of the Services uses the Deployment.
func (s State) Used() bool {
	return slices.ContainsFunc(s.Services, func(service bluegreen.Service) bool { return service.Uses(s.Deployment) })
}

// Decide maps what is observed to what to do: at most one write, which comes back through the watch.
func Decide(state State) bluegreen.Decision {
	step := state.Next()
	if step == StepNone && state.Orphaned {
		return state.write(bluegreen.ReasonOrphaned, bluegreen.Unprotect{Deployment: state.Deployment}, nil)
	}
	if step == StepNone {
		return bluegreen.Decision{Reason: bluegreen.ReasonInUse}
	}
	switch step {
	case StepForget:
		return state.forgetScaleDown()
	case StepLeave:
		return state.leave()
	case StepRetire:
		return state.retire()
	case StepStay:
		return state.write(bluegreen.ReasonStays, state.note(bluegreen.LeftKey, ""), nil)
	}
	if until := state.keptUntil(step); state.Now.Before(until) {
		return bluegreen.Decision{Reason: bluegreen.ReasonDraining, LookAgain: until}
	}
	if step == StepRoll || step == StepResume {
		return state.resume(step)
	}
	if state.PodsServe {
		return state.lookAgain(bluegreen.ReasonPodsServe)
	}
	return state.unprotect()
}

// keptUntil returns until when a Deployment is kept as it is before a step: until it has drained, and as long as traffic may return to it.
// It may not to one whose rollout goes on.
func (s State) keptUntil(step Step) time.Time {
	until := s.Drained
	if step != StepUnprotect && step != StepRetire || !s.Protection {
		return until
	}
	for _, service := range s.Services {
		if returns := service.ReturnsUntil(s.Deployment); service.Protects() && returns.After(s.APINow) {
			if end := s.here(returns); end.After(until) {
				until = end
			}
		}
	}
	return until
}

// here returns an instant of a record by the clock of this process.
func (s State) here(at time.Time) time.Time { return s.Now.Add(at.Sub(s.APINow)) }

// Confirm decides anew on what the API server says. A cache can be behind, and a Deployment that was unprotected cannot be had
// back. The cache may also miss a use that the API server knows of; it then never shows the end of that use either.
func Confirm(before State, now State) bluegreen.Decision {
	// That it was left may be known only by all Services of the namespace. To note it is harmless.
	if now.Next() != before.Next() && now.Next() != StepLeave {
		return now.lookAgain(bluegreen.ReasonUsedAgain)
	}
	return Decide(now)
}

func (s State) lookAgain(why bluegreen.Reason) bluegreen.Decision {
	return bluegreen.Decision{Reason: why, LookAgain: s.Now.Add(Settle)}
}

func (s State) write(why bluegreen.Reason, change bluegreen.Change, tell *bluegreen.Event) bluegreen.Decision {
	return bluegreen.Decision{Reason: why, Writes: []bluegreen.Write{{Change: change, Tell: tell}}}
}

// note returns the change that writes one note; an empty one is removed.
func (s State) note(key, note string) bluegreen.Note {
	return bluegreen.Note{Deployment: s.Deployment, Notes: map[string]string{key: note}}
}

// unprotect does what was held, a write at a time, and takes the finalizer off with the last.
func (s State) unprotect() bluegreen.Decision {
	switch held, _ := s.scaleDown(); held {
	case scaleDownDue:
		return s.write(bluegreen.ReasonUnused, s.bind(), nil)
	case scaleDownBound:
		return s.write(bluegreen.ReasonScaleDownDone, bluegreen.Scale{Deployment: s.Deployment}, s.scaleDownDone())
	}
	if replicas, due := s.replicasDue(); due {
		return s.write(bluegreen.ReasonUnused, bluegreen.Scale{Deployment: s.Deployment, Replicas: replicas}, nil)
	}
	var tell *bluegreen.Event
	if _, paused := s.Deployment.Annotations[bluegreen.ResumeAfter]; paused {
		tell = rolloutResumed(s.Deployment)
	}
	return s.write(bluegreen.ReasonUnused, bluegreen.Unprotect{Deployment: s.Deployment}, tell)
}

// OwnPods returns selectors of pods that are both of the Deployment, by its own selector, and of a Service that may have left it.
// Neither template nor note knows of pods that an older template made; one of them that a Service selects serves.
func (s State) OwnPods() []labels.Set {
	if !s.Protection || s.Deployment.Spec.Selector == nil {
		return nil
	}
	own := labels.Set(s.Deployment.Spec.Selector.MatchLabels)
	var found []labels.Set
	for _, service := range s.Services {
		if service.MayHaveLeft(s.Deployment) && !labels.Conflicts(own, service.Spec.Selector) {
			found = append(found, labels.Merge(own, service.Spec.Selector))
		}
	}
	return found
}
