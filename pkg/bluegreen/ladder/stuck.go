package ladder

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// progressDeadlineExceeded is the reason of condition Progressing=False that the Deployment controller sets
// (k8s.io/kubernetes/pkg/controller/deployment/util.TimedOutReason).
const progressDeadlineExceeded = "ProgressDeadlineExceeded"

// stuck returns what a Deployment says of why it does not get available; nil if it says nothing, or if that is of an older generation.
func stuck(deployment *appsv1.Deployment) *verdict {
	if deployment.Status.ObservedGeneration < deployment.Generation {
		return nil
	}
	if failure := condition(deployment, appsv1.DeploymentReplicaFailure); failure.Status == corev1.ConditionTrue {
		return &verdict{reason: bluegreen.ReasonReplicaFailure, warning: true,
			message: "; its pods cannot be made: " + bluegreen.Shorten(failure.Message, 400)}
	}
	if deployment.Spec.Paused && !bluegreen.RolloutHeld(deployment) {
		return &verdict{reason: bluegreen.ReasonPaused, message: fmt.Sprintf("; it is paused: kubectl rollout resume deployment %s -n %s",
			deployment.Name, deployment.Namespace), warning: true}
	}
	if progress := condition(deployment, appsv1.DeploymentProgressing); progress.Reason == progressDeadlineExceeded {
		return &verdict{reason: bluegreen.ReasonProgressDeadlineExceeded, warning: true, message: fmt.Sprintf("; it has made no progress for "+
			"%d s (progressDeadlineSeconds), and its pods say why: kubectl describe pods -n %s -l '%s'", ptr.Deref(
			deployment.Spec.ProgressDeadlineSeconds, 600), deployment.Namespace, metav1.FormatLabelSelector(deployment.Spec.Selector))}
	}
	return nil
}

// Conditions returns those conditions of a Deployment that the gate looks at, with no more of them than that.
func Conditions(deployment *appsv1.Deployment) []appsv1.DeploymentCondition {
	var conditions []appsv1.DeploymentCondition
	for _, kind := range []appsv1.DeploymentConditionType{
		appsv1.DeploymentAvailable, appsv1.DeploymentReplicaFailure, appsv1.DeploymentProgressing,
	} {
		found := condition(deployment, kind)
		if found.Type == "" || kind == appsv1.DeploymentProgressing && found.Reason != progressDeadlineExceeded {
			continue
		}
		kept := appsv1.DeploymentCondition{Type: kind, Status: found.Status, Reason: found.Reason}
		if kind == appsv1.DeploymentAvailable && found.Status == corev1.ConditionFalse {
			kept.LastTransitionTime = found.LastTransitionTime
		}
		if kind == appsv1.DeploymentReplicaFailure {
			kept.Message = bluegreen.Shorten(found.Message, 400)
		}
		conditions = append(conditions, kept)
	}
	return conditions
}

// condition returns the first condition of a type; an empty one if there is none.
func condition(deployment *appsv1.Deployment, kind appsv1.DeploymentConditionType) appsv1.DeploymentCondition {
	of := func(condition appsv1.DeploymentCondition) bool { return condition.Type == kind }
	if i := slices.IndexFunc(deployment.Status.Conditions, of); i >= 0 {
		return deployment.Status.Conditions[i]
	}
	return appsv1.DeploymentCondition{}
}
