package bluegreen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// New pod labels that would take the pods of a Deployment out of a Service wait until traffic has left it. Pausing the rollout
// does that: a paused Deployment keeps its pods, replaces lost ones and still scales, and its new template waits.

// resume is a rollout that bluegreen paused: what the annotation ResumeAfter says.
type resume struct {
	uid    types.UID
	kept   int32 // replicas, when the rollout was paused
	wanted int32 // replicas that were asked for
}

func (r resume) String() string { return fmt.Sprintf("%s/%d/%d", r.uid, r.kept, r.wanted) }

// resumeOf reads the note of a rollout that bluegreen paused; false where there is none of this Deployment.
func resumeOf(deployment *appsv1.Deployment) (resume, bool) {
	parts := strings.Split(deployment.Annotations[ResumeAfter], "/")
	if len(parts) != 3 || parts[0] != string(deployment.UID) || !Protected(deployment) {
		return resume{}, false
	}
	kept, err := strconv.ParseInt(parts[1], 10, 32)
	if err != nil {
		return resume{}, false
	}
	wanted, err := strconv.ParseInt(parts[2], 10, 32)
	if err != nil {
		return resume{}, false
	}
	return resume{types.UID(parts[0]), int32(kept), int32(wanted)}, true
}

// Paused says whether bluegreen paused the rollout of a Deployment.
func Paused(deployment *appsv1.Deployment) bool {
	_, found := resumeOf(deployment)
	return found
}

// HeldRollout is what to do about a rollout that bluegreen paused.
type HeldRollout string

const (
	// NoRollout: none was paused.
	NoRollout HeldRollout = "None"
	// RolloutPending: pods of the Deployment serve under labels that its template has not.
	RolloutPending HeldRollout = "Pending"
	// RolloutInPlace: they do, and the target of their Service is this very Deployment: nothing else can become ready.
	RolloutInPlace HeldRollout = "InPlace"
	// RolloutDue: no Service selects the pods any more.
	RolloutDue HeldRollout = "Due"
)

// HeldRolloutOf says what to do about a rollout that was paused, given the Services and Deployments of the namespace.
func HeldRolloutOf(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) HeldRollout {
	held, found := resumeOf(deployment)
	if !found {
		return NoRollout
	}
	left := leftServices(deployment, services)
	switch {
	case len(left) == 0:
		return RolloutDue
	case !held.ofNone(deployment) && deployment.DeletionTimestamp == nil && inPlace(deployment, left, deployments):
		return RolloutInPlace
	default:
		return RolloutPending
	}
}

// leftServices returns the Services that a Deployment serves and that its template would leave.
func leftServices(deployment *appsv1.Deployment, services []*corev1.Service) []*corev1.Service {
	return slices.DeleteFunc(slices.Clone(services), func(service *corev1.Service) bool {
		policy, managed := managing(service)
		return !managed || !policy.Protect || !leaves(service.Spec.Selector, deployment)
	})
}

// inPlace says whether all of some Services wait for a target that is a Deployment which serves them, and no other.
func inPlace(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) bool {
	return !slices.ContainsFunc(services, func(service *corev1.Service) bool {
		policy, _ := managing(service)
		if !policy.pending(service) || !matches(policy.candidate(service), deployment.Spec.Template.Labels) {
			return true
		}
		return slices.ContainsFunc(deployments, func(other *appsv1.Deployment) bool {
			return other.Name != deployment.Name && !leaves(service.Spec.Selector, other) &&
				matches(policy.candidate(service), other.Spec.Template.Labels)
		})
	})
}

// ofNone says whether no replicas were asked for together with the new labels, and nobody has scaled the Deployment since.
func (r resume) ofNone(deployment *appsv1.Deployment) bool {
	return r.wanted == 0 && ptr.Deref(deployment.Spec.Replicas, 1) == r.kept
}

// ReplicasDue returns the replicas that a paused Deployment gets before it is resumed; false where it has them, or where there is a newer
// word: somebody has scaled it since, or a Service needs it, which 0 would take it from. The manifest that asks for it may say the replicas
// that were kept, which is no change, so no write shows it.
func ReplicasDue(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) (int32, bool) {
	held, found := resumeOf(deployment)
	if !found || held.wanted == held.kept || ptr.Deref(deployment.Spec.Replicas, 1) != held.kept {
		return 0, false
	}
	return held.wanted, held.wanted > 0 || !needed(deployment, services, deployments)
}

// needed says whether one of some Services has no other Deployment with replicas, where it is or where it is to go.
func needed(deployment *appsv1.Deployment, services []*corev1.Service, deployments []*appsv1.Deployment) bool {
	return slices.ContainsFunc(services, func(service *corev1.Service) bool {
		if !InUse(deployment, []*corev1.Service{service}) {
			return false
		}
		selector := labels.Set(service.Spec.Selector)
		if policy, _ := managing(service); !selectsPods(selector, deployment) {
			selector = policy.candidate(service)
		}
		return !slices.ContainsFunc(deployments, func(other *appsv1.Deployment) bool {
			return other.Name != deployment.Name && hasReplicas(other) && selectsPods(selector, other)
		})
	})
}
