package ladder

import (
	"cmp"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// minimumReplicasAvailable is the reason of condition Available=True that the Deployment controller sets
// (k8s.io/kubernetes/pkg/controller/deployment/util.MinimumReplicasAvailable).
const minimumReplicasAvailable = "MinimumReplicasAvailable"

func notScaledToZero(_ State, deployment *appsv1.Deployment) *verdict {
	if hasReplicas(deployment) {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonScaledToZero, message: fmt.Sprintf("has 0 replicas: scale it up with kubectl scale "+
		"deployment %s -n %s --replicas=N", deployment.Name, deployment.Namespace)}
}

// notHeldWithNone tells of a live slot whose new labels are asked for and carried by nothing else: it would roll out in place,
// but came with no replicas.
func notHeldWithNone(state State, deployment *appsv1.Deployment) *verdict {
	rollout, found := bluegreen.PausedRolloutOf(deployment)
	if !found || !rollout.ToNone(deployment) || !state.Service.WouldLose(deployment) {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonLiveRelabelled, message: fmt.Sprintf("serves, and its new pod labels came with 0 replicas, so "+
		"its rollout is paused: to roll it out where it is, kubectl scale deployment %s -n %s --replicas=N (another number than %d), or "+
		"create another Deployment of version %s", deployment.Name, deployment.Namespace, rollout.Kept, state.Service.Target)}
}

// available asks for MinimumReplicasAvailable of the generation that is there now; a status of an older one says nothing.
func available(_ State, deployment *appsv1.Deployment) *verdict {
	status := deployment.Status
	if status.ObservedGeneration >= deployment.Generation && status.AvailableReplicas > 0 && reportsMinimum(deployment) {
		return nil
	}
	why := cmp.Or(stuck(deployment), &verdict{reason: bluegreen.ReasonNotAvailable})
	why.unobserved = status.ObservedGeneration < deployment.Generation
	why.message = "waiting for " + minimumReplicasAvailable + why.message
	return why
}

func reportsMinimum(deployment *appsv1.Deployment) bool {
	found := condition(deployment, appsv1.DeploymentAvailable)
	return found.Status == corev1.ConditionTrue && found.Reason == minimumReplicasAvailable
}

// ownPods asks for as many available pods of the target as the rollout may go down to, if a Deployment's selector spans
// versions: its status counts the pods of the version before as well, which the Service is about to leave.
func ownPods(state State, deployment *appsv1.Deployment) *verdict {
	wanted := minimumAvailable(deployment, bluegreen.Replicas(deployment))
	if !spansVersions(state, deployment) || availableOfTarget(state, deployment) >= wanted {
		return nil
	}
	pods := "an available pod"
	if wanted > 1 {
		pods = fmt.Sprintf("%d available pods", wanted)
	}
	return &verdict{reason: bluegreen.ReasonNotAvailable, message: fmt.Sprintf("waiting for %s of version %s (its selector spans versions; "+
		"with one Deployment for each version, the old one serves until then)", pods, state.Service.Target)}
}

// complete asks for a rollout that is over, if the Service wants that.
func complete(state State, deployment *appsv1.Deployment) *verdict {
	if state.Service.Ready != bluegreen.Complete {
		return nil
	}
	if deployment.Spec.Paused {
		return &verdict{reason: bluegreen.ReasonPaused, message: fmt.Sprintf("is paused, and %s=%s asks for a complete rollout: kubectl "+
			"rollout resume deployment %s -n %s", bluegreen.Ready, bluegreen.Complete, deployment.Name, deployment.Namespace)}
	}
	if rolledOut(deployment) {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonNotComplete, message: "waiting for every replica to be updated and available"}
}

// rolledOut reports whether a Deployment has all replicas of its template, available, and no others.
func rolledOut(deployment *appsv1.Deployment) bool {
	status, replicas := deployment.Status, bluegreen.Replicas(deployment)
	return status.ObservedGeneration >= deployment.Generation && status.UpdatedReplicas == replicas && status.Replicas == replicas &&
		status.AvailableReplicas == replicas
}

// spansVersions reports whether a Deployment's selector admits pods that the target selector does not select.
func spansVersions(state State, deployment *appsv1.Deployment) bool {
	return deployment.Spec.Selector == nil || !bluegreen.Matches(state.Service.TargetSelector(), deployment.Spec.Selector.MatchLabels)
}

// minimumAvailable returns how many pods of so many a rollout keeps available, and at least one: what condition Available is about
// (k8s.io/kubernetes/pkg/controller/deployment/util.MaxUnavailable).
func minimumAvailable(deployment *appsv1.Deployment, replicas int32) int32 {
	rolling := deployment.Spec.Strategy.RollingUpdate
	if rolling == nil {
		return max(1, replicas)
	}
	scaled := func(value *intstr.IntOrString, roundUp bool) int {
		count, err := intstr.GetScaledValueFromIntOrPercent(new(ptr.Deref(value, intstr.FromInt32(0))), int(replicas), roundUp)
		if err != nil {
			return 0
		}
		return count
	}
	unavailable := scaled(rolling.MaxUnavailable, false)
	if unavailable == 0 && scaled(rolling.MaxSurge, true) == 0 {
		unavailable = 1 // Otherwise no rollout could begin.
	}
	return max(1, replicas-int32(unavailable))
}
