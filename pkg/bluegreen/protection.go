package bluegreen

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// Holding traffic on the live version is only safe while that exists. A Deployment in use carries a finalizer
// (InUseProtection), after Kubernetes' own pvc-protection: a deletion of it waits, its pods serving, until traffic has moved.

// InUse says whether a Deployment must be kept for one of the Services of its namespace: the Service selects its pods, or
// is about to. A target under deletion is not kept: the gate does not let traffic move there.
func InUse(deployment *appsv1.Deployment, services []*corev1.Service) bool {
	return slices.ContainsFunc(services, func(service *corev1.Service) bool {
		policy, managed := managing(service)
		if !managed || !policy.Protect {
			return false
		}
		return matches(service.Spec.Selector, deployment) ||
			policy.pending(service) && deployment.DeletionTimestamp == nil && matches(policy.candidate(service), deployment)
	})
}

// Protected says whether a Deployment carries the finalizer.
func Protected(deployment *appsv1.Deployment) bool {
	return slices.Contains(deployment.Finalizers, InUseProtection)
}

// unprotected returns the Deployments that still need the finalizer and may get it; a deletion that has begun admits none.
func unprotected(policy Policy, deployments []*appsv1.Deployment) []*appsv1.Deployment {
	if !policy.Protect {
		return nil
	}
	var bare []*appsv1.Deployment
	for _, deployment := range deployments {
		if !Protected(deployment) && deployment.DeletionTimestamp == nil {
			bare = append(bare, deployment)
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
			"frozen, until traffic moves; ask for another version to let it go", names(kept))}
	}
	if len(state.Live) > 0 && !slices.ContainsFunc(state.Live, hasReplicas) {
		return &verdict{ReasonLiveScaledToZero, fmt.Sprintf("Deployment %s: serves and has 0 replicas: scale it up, or ask for another version",
			names(state.Live))}
	}
	return nil
}

// keepsServing refuses a write under which a Deployment that serves would die.
func keepsServing(write Write) field.ErrorList {
	kept := frozen(selected(write.Old.Spec.Selector, write.Deployments))
	if len(kept) == 0 {
		return nil
	}
	key := InUseProtection
	if _, stays := write.New.Annotations[TargetVersion]; !stays {
		key = TargetVersion
	}
	return field.ErrorList{field.Forbidden(annotationsPath.Key(key), fmt.Sprintf(
		"cannot be changed now: Deployment %s serves and is being deleted, and only bluegreen keeps it; move traffic to another version first",
		names(kept)))}
}

// DeploymentWrite is somebody's UPDATE of a Deployment that takes it from some replicas to none, or its finalizer off.
type DeploymentWrite struct {
	Old, New *appsv1.Deployment

	// Services are those of the Deployment's namespace.
	Services []*corev1.Service
}

// Held returns the Deployment as it should be stored while a switch away from it is pending, with a warning for the writer;
// false when nothing is pending: then it is the writer's right. The scale-down is noted in ScaleToZeroAfter.
func (s DeploymentWrite) Held() (*appsv1.Deployment, string, bool) {
	if !hasReplicas(s.Old) || hasReplicas(s.New) {
		return nil, "", false
	}
	for _, service := range s.Services {
		policy, managed := managing(service)
		if !managed || !policy.Protect || !policy.pending(service) || !matches(service.Spec.Selector, s.Old) {
			continue
		}
		held := s.New.DeepCopy()
		held.Spec.Replicas = ptr.To(ptr.Deref(s.Old.Spec.Replicas, 1))
		if held.Annotations == nil {
			held.Annotations = map[string]string{}
		}
		held.Annotations[ScaleToZeroAfter] = scaleDown{service: service.Name, uid: held.UID, replicas: *held.Spec.Replicas}.String()
		return held, fmt.Sprintf("bluegreen: spec.replicas: stays %d while Deployment %s serves Service %s; it goes to 0 once traffic has moved to version %s",
			*held.Spec.Replicas, held.Name, service.Name, policy.Target), true
	}
	return nil, "", false
}

// Restored returns the finalizers as they should be stored where a write by anybody else takes bluegreen's off a Deployment in
// use, with a warning for the writer; false when they may stay as written. A Deployment under deletion would be gone at once,
// and the finalizer could not be had back: Helm 3's rollback does that.
func (s DeploymentWrite) Restored() ([]string, string, bool) {
	if !Protected(s.Old) || Protected(s.New) || !InUse(s.Old, s.Services) {
		return nil, "", false
	}
	return append(slices.Clone(s.New.Finalizers), InUseProtection), fmt.Sprintf(
		"bluegreen: metadata.finalizers: keeps %s, because Deployment %s serves", InUseProtection, s.New.Name), true
}

// matches says whether a Service's selector selects the pods of a Deployment. A Service without one selects none.
func matches(selector map[string]string, deployment *appsv1.Deployment) bool {
	return len(selector) > 0 && labels.Set(selector).AsSelectorPreValidated().Matches(labels.Set(deployment.Spec.Template.Labels))
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
