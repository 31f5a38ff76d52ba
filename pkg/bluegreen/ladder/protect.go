package ladder

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// noteOf returns the note for a Deployment, and false if that is there already.
type noteOf func(deployment *appsv1.Deployment) (string, bool)

// protectLive returns the writes that protect what is live.
func protectLive(state State) []bluegreen.Write {
	return protect(state, state.Live, func(deployment *appsv1.Deployment) (string, bool) {
		return bluegreen.NoteOfLive(state.Service.Spec.Selector, deployment)
	})
}

// protectTarget returns the writes that protect what traffic moves to, that of followers too, just before it moves. The gate has counted
// its pods. There was none for a follower that goes without: while a rollout is held, the note speaks of pods that serve others.
func protectTarget(state State) []bluegreen.Write {
	return protect(state, state.Targets(), func(deployment *appsv1.Deployment) (string, bool) {
		if bluegreen.RolloutHeld(deployment) {
			return "", false
		}
		return bluegreen.NoteOfTarget(state.targetSelectors(deployment), deployment)
	})
}

// targetSelectors returns what is to select a Deployment once traffic has moved, in one.
func (s State) targetSelectors(deployment *appsv1.Deployment) map[string]string {
	found := map[string]string{}
	for _, state := range s.together() {
		if contains(state.Target, deployment) {
			maps.Copy(found, state.Service.TargetSelector())
		}
	}
	return found
}

// protectWaiting returns the writes that put the finalizer on a target that waits, of followers too. The note comes just before traffic
// does: until then its labels are its owner's to change. What is led gives it to nothing that its leader is about to leave: nothing would
// use that, and so it would be taken off again.
func protectWaiting(state State) []bluegreen.Write {
	return protect(state, without(state.Targets(), state.Live), func(deployment *appsv1.Deployment) (string, bool) {
		stays := !state.Leader.Exists() || state.Service.NextBy(state.Leader).Uses(deployment)
		return "", stays && !bluegreen.Protected(deployment)
	})
}

// protect returns the writes for those Deployments that still need the finalizer or their note, and may get them: a deletion that
// has begun admits no finalizer.
func protect(state State, deployments []*appsv1.Deployment, noteOf noteOf) []bluegreen.Write {
	if !state.Protection || !state.Service.Protect {
		return nil
	}
	var writes []bluegreen.Write
	for _, deployment := range deployments {
		note, needed := noteOf(deployment)
		if needed && (bluegreen.Protected(deployment) || deployment.DeletionTimestamp == nil) {
			writes = append(writes, bluegreen.Write{Change: bluegreen.Protect{Deployment: deployment, Serves: note}})
		}
	}
	return writes
}
