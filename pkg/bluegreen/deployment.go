package bluegreen

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// DeploymentWrite is somebody's UPDATE of a Deployment, on its way into the cluster.
type DeploymentWrite struct {
	// Old is the Deployment as it is stored, New as the writer wants it.
	Old, New *appsv1.Deployment

	// Services are those of the namespace.
	Services []*corev1.Service
}

// DeploymentAnswer is what becomes of a DeploymentWrite.
type DeploymentAnswer struct {
	// Deployment is what is stored in place of DeploymentWrite.New. Only finalizers, annotations, replicas and paused differ.
	Deployment *appsv1.Deployment

	// Warnings are printed by the writer's client, one a line.
	Warnings []string
}

// AdmitDeployment takes out of a write what would end the service of a Deployment that bluegreen keeps, and notes it for later.
// The write succeeds: `helm rollback` and `kubectl apply` must not fail. It is idempotent.
func AdmitDeployment(write DeploymentWrite) DeploymentAnswer {
	answer := DeploymentAnswer{Deployment: write.New.DeepCopy()}
	if !Protected(write.Old) {
		return answer
	}
	answer.keepFinalizer(write)
	if !Protected(answer.Deployment) {
		return answer
	}
	answer.keepNotes(write)
	if relabelled(answer.Deployment) && !rolling(write) {
		answer.holdRollout(write)
	} else {
		answer.putRight(write)
		answer.holdScaleDown(write)
	}
	return answer
}

// keepFinalizer puts the finalizer back where a write takes it off a Deployment in use. One under deletion would be gone at once,
// and the finalizer could not be had back: Helm 3's rollback does that.
func (a *DeploymentAnswer) keepFinalizer(write DeploymentWrite) {
	if Protected(write.New) || !InUse(write.Old, write.Services) {
		return
	}
	a.Deployment.Finalizers = append(slices.Clone(write.New.Finalizers), InUseProtection)
	a.warn("metadata.finalizers: keeps %s, because Deployment %s serves", InUseProtection, write.New.Name)
}

// keepNotes puts back what bluegreen noted: every `kubectl replace` of a manifest leaves it out. What was noted in this very write stays:
// the API server asks again when another webhook has changed it.
func (a *DeploymentAnswer) keepNotes(write DeploymentWrite) {
	for _, key := range deploymentKeys {
		note, noted := write.Old.Annotations[key]
		switch {
		case heldInThis(write, key):
		case noted:
			a.note(key, note)
		default:
			delete(a.Deployment.Annotations, key)
		}
	}
}

// heldInThis says whether a note is of a hold that an earlier call for the same write put there.
func heldInThis(write DeploymentWrite, key string) bool {
	kept := ptr.Deref(write.Old.Spec.Replicas, 1)
	if write.New.Annotations[key] == write.Old.Annotations[key] || ptr.Deref(write.New.Spec.Replicas, 1) != kept {
		return false
	}
	switch key {
	case ResumeAfter:
		held, found := resumeOf(write.New)
		return found && write.New.Spec.Paused && held.kept == kept
	case ScaleToZeroAfter:
		held, found := parseScaleDown(write.New.Annotations[key])
		return found && held.uid == write.New.UID && held.replicas == kept && held.generation == 0 && leaving(write) != nil
	default:
		return false
	}
}

// rolling says whether pods of a write's labels come already, as in a rollout in place: then no write of the same labels is held.
func rolling(write DeploymentWrite) bool {
	return !write.Old.Spec.Paused && !write.New.Spec.Paused && maps.Equal(write.Old.Spec.Template.Labels, write.New.Spec.Template.Labels)
}

// putRight resumes a rollout that bluegreen paused, once the template agrees with the pods again. The pods stay as they are.
func (a *DeploymentAnswer) putRight(write DeploymentWrite) {
	if _, held := resumeOf(write.Old); held {
		a.Deployment.Spec.Paused = false
		delete(a.Deployment.Annotations, ResumeAfter)
	}
}

// holdRollout pauses the rollout of new pod labels, and keeps the replicas. What the user paused stays so in any case. Where the
// Deployment alone carries every version of its Service, and this one is asked for, the controller lets it roll at once.
func (a *DeploymentAnswer) holdRollout(write DeploymentWrite) {
	if heldInThis(write, ResumeAfter) {
		delete(a.Deployment.Annotations, ScaleToZeroAfter)
		return
	}
	before, held := resumeOf(write.Old)
	if write.New.Spec.Paused && !held {
		a.holdScaleDown(write)
		return
	}
	kept, wanted := ptr.Deref(write.Old.Spec.Replicas, 1), ptr.Deref(write.New.Spec.Replicas, 1)
	if held && wanted == kept && maps.Equal(write.Old.Spec.Template.Labels, write.New.Spec.Template.Labels) {
		wanted = before.wanted // The write is about something else.
	}
	a.Deployment.Spec.Paused = true
	a.Deployment.Spec.Replicas = ptr.To(kept)
	delete(a.Deployment.Annotations, ScaleToZeroAfter)
	a.note(ResumeAfter, resume{a.Deployment.UID, kept, wanted}.String())
	if maps.Equal(write.Old.Spec.Template.Labels, write.New.Spec.Template.Labels) && write.Old.Spec.Paused == write.New.Spec.Paused && held {
		return // It has been told, and this write changes nothing of it.
	}
	a.warn("spec.template.metadata.labels: the pods of Deployment %s keep %s while they serve; bluegreen pauses the rollout of the "+
		"new labels, and resumes it (with %d replicas) once traffic has left", a.Deployment.Name, a.Deployment.Annotations[Serves], wanted)
}

// holdScaleDown keeps the replicas of a Deployment that a write takes to 0 while traffic is about to leave it, or has just left.
// With nothing pending it is the writer's right.
func (a *DeploymentAnswer) holdScaleDown(write DeploymentWrite) {
	if !hasReplicas(write.Old) || hasReplicas(write.New) {
		return
	}
	service := leaving(write)
	if service == nil {
		return
	}
	kept := ptr.Deref(write.Old.Spec.Replicas, 1)
	a.Deployment.Spec.Replicas = ptr.To(kept)
	a.note(ScaleToZeroAfter, scaleDown{service: service.Name, uid: a.Deployment.UID, replicas: kept}.String())
	policy, _ := Parse(service.Annotations)
	if selectsPods(service.Spec.Selector, write.Old) {
		a.warn("spec.replicas: stays %d while Deployment %s serves Service %s; it goes to 0 once traffic has moved to version %s",
			kept, a.Deployment.Name, service.Name, policy.Target)
	} else {
		a.warn("spec.replicas: stays %d until Deployment %s has drained; traffic of Service %s has just moved from it, and then it goes to 0",
			kept, a.Deployment.Name, service.Name)
	}
}

// leaving returns the Service whose traffic is about to leave the Deployment of a write, or has just left it; nil where it stays, and
// where the Deployment is about to serve.
func leaving(write DeploymentWrite) *corev1.Service {
	for _, service := range write.Services {
		policy, managed := managing(service)
		if managed && policy.Protect && policy.pending(service) && selectsPods(service.Spec.Selector, write.Old) {
			return service
		}
	}
	if InUse(write.Old, write.Services) {
		return nil
	}
	if left := LeftBy(write.Old, write.Services); len(left) > 0 {
		return left[0]
	}
	return nil
}

func (a *DeploymentAnswer) note(key, value string) {
	if a.Deployment.Annotations == nil {
		a.Deployment.Annotations = map[string]string{}
	}
	a.Deployment.Annotations[key] = value
}

func (a *DeploymentAnswer) warn(format string, args ...any) {
	a.Warnings = append(a.Warnings, "bluegreen: "+fmt.Sprintf(format, args...))
}
