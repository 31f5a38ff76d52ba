package bluegreen

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// Holding traffic on the live version is only safe while that exists. A Deployment in use carries a finalizer
// (InUseProtection), after Kubernetes' own pvc-protection: a deletion of it waits, its pods serving, until traffic has moved.

// InUse says whether a Deployment must be kept for one of some Services: the Service selects its pods, or is about to. A target
// under deletion is not kept for the switch to come.
func InUse(deployment *appsv1.Deployment, services []*corev1.Service) bool {
	return slices.ContainsFunc(services, func(service *corev1.Service) bool {
		policy, managed := managing(service)
		if !managed || !policy.Protect {
			return false
		}
		return selectsPods(service.Spec.Selector, deployment) ||
			policy.pending(service) && deployment.DeletionTimestamp == nil && matches(policy.candidate(service), deployment.Spec.Template.Labels)
	})
}

// Protected says whether a Deployment carries the finalizer.
func Protected(deployment *appsv1.Deployment) bool {
	return slices.Contains(deployment.Finalizers, InUseProtection)
}

// Protecting is a Deployment that gets the finalizer, and the note Serves with it; without one where it does not serve yet.
type Protecting struct {
	Deployment *appsv1.Deployment
	Serves     string
}

// awaiting returns those of some targets that still need the finalizer, and may get it. The note comes just before traffic does: until
// then their labels are their owner's to change.
func awaiting(policy Policy, targets []*appsv1.Deployment) []Protecting {
	var bare []Protecting
	for _, deployment := range targets {
		if policy.Protect && !Protected(deployment) && deployment.DeletionTimestamp == nil {
			bare = append(bare, Protecting{Deployment: deployment})
		}
	}
	return bare
}

// unprotected returns those Deployments that still need the finalizer or their note, and may get them; a deletion that has begun admits no
// finalizer. noteOf is noteFor of what serves, or noteOn of what traffic moves to: its gate has counted its pods.
func unprotected(policy Policy, selector map[string]string, deployments []*appsv1.Deployment,
	noteOf func(map[string]string, *appsv1.Deployment) (string, bool)) []Protecting {
	if !policy.Protect {
		return nil
	}
	var bare []Protecting
	for _, deployment := range deployments {
		note, needed := noteOf(selector, deployment)
		if needed && (Protected(deployment) || deployment.DeletionTimestamp == nil) {
			bare = append(bare, Protecting{deployment, note})
		}
	}
	return bare
}

// frozen returns the Deployments that serve, are under deletion, and are kept by the finalizer. Their controller ignores
// changes of their spec, and only replaces lost pods.
func frozen(live []*appsv1.Deployment) []*appsv1.Deployment {
	var kept []*appsv1.Deployment
	for _, deployment := range live {
		if deployment.DeletionTimestamp != nil && Protected(deployment) {
			kept = append(kept, deployment)
		}
	}
	return kept
}

// liveTrouble is what people have to know about the Deployments that serve, or nil.
func liveTrouble(state State) *verdict {
	if kept := frozen(state.Live); len(kept) > 0 {
		return &verdict{ReasonLiveDeleting, fmt.Sprintf("Deployment %s: serves and is being deleted: its pods are kept, and its spec is "+
			"frozen, until traffic moves; ask for another version to let it go, or take its pods over: kubectl delete deployment %s -n %s "+
			"--cascade=orphan --wait=false, and apply its manifest again", names(kept), kept[0].Name, kept[0].Namespace)}
	}
	if len(state.Live) > 0 && !slices.ContainsFunc(state.Live, hasReplicas) {
		return &verdict{ReasonLiveScaledToZero, fmt.Sprintf("Deployment %s: serves and has 0 replicas: scale it up, or ask for another version",
			names(state.Live))}
	}
	return nil
}

// leftByTemplate is what people have to know where new pod labels of a Deployment that serves wait and no switch is asked for,
// or nil.
func leftByTemplate(policy Policy, state State) *verdict {
	for _, deployment := range state.Live {
		if !leaves(state.Service.Spec.Selector, deployment) {
			continue
		}
		paused, remedy := "so its rollout is paused", "put the labels back"
		if !deployment.Spec.Paused {
			paused = "which its rollout does"
		}
		if version := deployment.Spec.Template.Labels[policy.VersionLabel]; version != "" && version != policy.Target {
			remedy += fmt.Sprintf(", or ask for %s=%s", TargetVersion, version)
		}
		return &verdict{ReasonLiveRelabelled, fmt.Sprintf("Deployment %s: serves %s, and its new pod labels would take its pods out of "+
			"the Service, %s: %s", deployment.Name, formatSelector(state.Service.Spec.Selector), paused, remedy)}
	}
	return nil
}

// keepsServing refuses a write under which a Deployment that serves would die.
func keepsServing(write Write) field.ErrorList {
	key := InUseProtection
	if _, stays := write.New.Annotations[TargetVersion]; !stays {
		key = TargetVersion
	}
	var errs field.ErrorList
	if kept := frozen(selected(write.Deployments, func(deployment *appsv1.Deployment) bool {
		return selectsPods(write.Old.Spec.Selector, deployment)
	})); len(kept) > 0 {
		errs = append(errs, field.Forbidden(annotationsPath.Key(key), fmt.Sprintf(
			"cannot be changed now: Deployment %s serves and is being deleted, and only bluegreen keeps it; move traffic to another version first",
			names(kept))))
	}
	if held := selected(write.Deployments, func(deployment *appsv1.Deployment) bool {
		return leaves(write.Old.Spec.Selector, deployment)
	}); len(held) > 0 {
		errs = append(errs, field.Forbidden(annotationsPath.Key(key), fmt.Sprintf(
			"cannot be changed now: Deployment %s serves, and its new pod labels take its pods out of the Service; "+
				"put the labels back, or move traffic to another version first", names(held))))
	}
	return errs
}

// Step is what comes next for a Deployment that bluegreen keeps.
type Step string

const (
	// StepNone: everything stays as it is.
	StepNone Step = "None"
	// StepForget: a scale-down that was held is void.
	StepForget Step = "Forget"
	// StepRoll: the Deployment is its own target, so the rollout that was paused goes on.
	StepRoll Step = "Roll"
	// StepResume: traffic has left its pods, and a Service waits for those of its new template.
	StepResume Step = "Resume"
	// StepLetGo: nothing uses it any more.
	StepLetGo Step = "LetGo"
)

// NextStep says what comes next for a Deployment, given the Services and Deployments of its namespace. If the installation
// protects nothing, no Deployment counts as used.
func NextStep(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment, protects bool) Step {
	scaleDown, _ := ScaleDownOf(deployment, services)
	used := protects && InUse(deployment, services)
	rollout := HeldRolloutOf(deployment, services, deployments)
	switch {
	case scaleDown == ScaleDownVoid:
		return StepForget
	case used && rollout == RolloutInPlace:
		return StepRoll
	case used && rollout == RolloutDue:
		return StepResume
	case scaleDown == ScaleDownDue || scaleDown == ScaleDownBound, Protected(deployment) && !used:
		return StepLetGo
	default:
		return StepNone
	}
}

func hasReplicas(deployment *appsv1.Deployment) bool {
	return ptr.Deref(deployment.Spec.Replicas, 1) > 0
}

func names(deployments []*appsv1.Deployment) string {
	all := make([]string, 0, len(deployments))
	for _, deployment := range deployments {
		all = append(all, deployment.Name)
	}
	return strings.Join(all, ", ")
}
