package admission

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// DeploymentWrite is somebody's UPDATE of a Deployment.
type DeploymentWrite struct {
	// Old is the Deployment as it is stored, New as the writer wants it.
	Old, New *appsv1.Deployment

	// Services are those of the namespace.
	Services []bluegreen.Service
}

// DeploymentAnswer is what becomes of a DeploymentWrite.
type DeploymentAnswer struct {
	// Deployment is what is stored in place of the new one. Only finalizers, annotations, replicas, paused and managed fields differ.
	Deployment *appsv1.Deployment

	told
}

// AdmitDeployment takes out of a write what would end the service of a protected Deployment, and notes it for later. The write
// succeeds: `helm rollback` and `kubectl apply` must not fail. It is idempotent.
func AdmitDeployment(write DeploymentWrite) DeploymentAnswer {
	answer := DeploymentAnswer{Deployment: write.New.DeepCopy()}
	if !bluegreen.Protected(write.Old) {
		return answer
	}
	answer.keepFinalizer(write)
	if !bluegreen.Protected(answer.Deployment) {
		return answer
	}
	answer.keepNotes(write)
	if bluegreen.Relabelled(answer.Deployment) && !write.rolls() {
		answer.holdRollout(write)
	} else {
		answer.resume(write)
		answer.holdScaleDown(write)
	}
	return answer
}

// keepFinalizer puts the finalizer back if a write takes it off a Deployment in use. One under deletion would be gone at once,
// and the finalizer could not be had back: Helm 3's rollback does that.
func (a *DeploymentAnswer) keepFinalizer(write DeploymentWrite) {
	if bluegreen.Protected(write.New) || !write.inUse() {
		return
	}
	a.Deployment.Finalizers = append(slices.Clone(write.New.Finalizers), bluegreen.InUseProtection)
	a.notStored("metadata.finalizers: keeps %s, because Deployment %s serves", bluegreen.InUseProtection, write.New.Name)
}

// keepNotes puts notes back: every `kubectl replace` of a manifest leaves them out. What was noted in this very write stays: the
// API server asks again when another webhook has changed it.
func (a *DeploymentAnswer) keepNotes(write DeploymentWrite) {
	for _, key := range bluegreen.NoteKeys {
		note, noted := write.Old.Annotations[key]
		switch {
		case write.notesJustNow(key):
		case noted:
			a.note(key, note)
		default:
			delete(a.Deployment.Annotations, key)
		}
	}
}

// holdRollout pauses the rollout of new pod labels, and keeps the replicas. What the user paused stays so in any case. If the
// Deployment alone carries every version of its Service, and this one is asked for, the controller resumes it at once.
func (a *DeploymentAnswer) holdRollout(write DeploymentWrite) {
	if write.notesJustNow(bluegreen.ResumeAfter) {
		delete(a.Deployment.Annotations, bluegreen.ScaleToZeroAfter)
		return
	}
	before, held := bluegreen.PausedRolloutOf(write.Old)
	if write.New.Spec.Paused && !held {
		a.holdScaleDown(write)
		return
	}
	kept, wanted := bluegreen.Replicas(write.Old), bluegreen.Replicas(write.New)
	if held && wanted == kept && write.keepsPodLabels() {
		wanted = before.Wanted // The write is about something else.
	}
	a.Deployment.Spec.Paused = true
	a.Deployment.Spec.Replicas = new(kept)
	delete(a.Deployment.Annotations, bluegreen.ScaleToZeroAfter)
	if wanted != kept {
		a.Deployment.ManagedFields = disownReplicas(a.Deployment.ManagedFields)
	}
	rollout := bluegreen.PausedRollout{UID: a.Deployment.UID, Kept: kept, Wanted: wanted}
	a.note(bluegreen.ResumeAfter, rollout.String())
	if held && write.keepsPodLabels() && write.Old.Spec.Paused == write.New.Spec.Paused {
		return // People have been told, and this write changes nothing of it.
	}
	a.warn("spec.template.metadata.labels: the pods of Deployment %s keep %s while they serve; bluegreen pauses the rollout of the "+
		"new labels, and resumes it (with %d replicas) once traffic has left", a.Deployment.Name,
		a.Deployment.Annotations[bluegreen.Serves], wanted)
}

// resume resumes a rollout that bluegreen paused, once the template agrees with the pods again. The pods stay as they are.
func (a *DeploymentAnswer) resume(write DeploymentWrite) {
	if bluegreen.RolloutHeld(write.Old) {
		a.Deployment.Spec.Paused = false
		delete(a.Deployment.Annotations, bluegreen.ResumeAfter)
	}
}

// holdScaleDown keeps the replicas of a Deployment that a write takes to 0 while traffic is about to leave it, or has just left it.
// With nothing pending it is the writer's right.
func (a *DeploymentAnswer) holdScaleDown(write DeploymentWrite) {
	kept := bluegreen.Replicas(write.Old)
	if kept == 0 || bluegreen.Replicas(write.New) > 0 {
		return
	}
	service, leaving := write.leaving()
	if !leaving {
		return
	}
	a.Deployment.Spec.Replicas = new(kept)
	a.note(bluegreen.ScaleToZeroAfter, bluegreen.ScaleDown{Service: service.Name, UID: a.Deployment.UID, Replicas: kept}.String())
	if service.Selects(write.Old) {
		a.warn("spec.replicas: stays %d while Deployment %s serves Service %s; it goes to 0 once traffic has moved to version %s",
			kept, a.Deployment.Name, service.Name, service.Target)
	} else {
		a.warn("spec.replicas: stays %d until Deployment %s has drained; traffic of Service %s has just moved from it, and then it goes to 0",
			kept, a.Deployment.Name, service.Name)
	}
}

func (a *DeploymentAnswer) note(key, value string) {
	if a.Deployment.Annotations == nil {
		a.Deployment.Annotations = map[string]string{}
	}
	a.Deployment.Annotations[key] = value
}

// inUse reports whether a Service uses the Deployment.
func (w DeploymentWrite) inUse() bool {
	return slices.ContainsFunc(w.Services, func(service bluegreen.Service) bool { return service.Uses(w.Old) })
}

// keepsPodLabels reports whether the write changes no pod labels.
func (w DeploymentWrite) keepsPodLabels() bool {
	return maps.Equal(w.Old.Spec.Template.Labels, w.New.Spec.Template.Labels)
}

// rolls reports whether the rollout of the write's pod labels is already under way, as in a rollout in place: a write of the same
// labels is then not held.
func (w DeploymentWrite) rolls() bool {
	return !w.Old.Spec.Paused && !w.New.Spec.Paused && w.keepsPodLabels()
}

// notesJustNow reports whether an earlier call for the same write put the note there, for an effect that it held.
func (w DeploymentWrite) notesJustNow(key string) bool {
	kept := bluegreen.Replicas(w.Old)
	if w.New.Annotations[key] == w.Old.Annotations[key] || bluegreen.Replicas(w.New) != kept {
		return false
	}
	switch key {
	case bluegreen.ResumeAfter:
		rollout, found := bluegreen.PausedRolloutOf(w.New)
		return found && w.New.Spec.Paused && rollout.Kept == kept
	case bluegreen.ScaleToZeroAfter:
		down, found := bluegreen.ParseScaleDown(w.New.Annotations[key])
		_, leaving := w.leaving()
		return found && down.UID == w.New.UID && down.Replicas == kept && down.Generation == 0 && leaving
	default:
		return false
	}
}

// leaving returns the Service whose traffic is about to leave the Deployment, or has just left it; false if it stays, and if the
// Deployment is about to be live.
func (w DeploymentWrite) leaving() (bluegreen.Service, bool) {
	for _, service := range w.Services {
		if service.Protects() && service.Pending() && service.Selects(w.Old) {
			return service, true
		}
	}
	if _, served := w.Old.Annotations[bluegreen.Serves]; w.inUse() || !served {
		return bluegreen.Service{}, false // What never had traffic does not drain.
	}
	for _, service := range w.Services {
		if service.MayHaveLeft(w.Old) {
			return service, true
		}
	}
	return bluegreen.Service{}, false
}
