package ladder

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// How many serve after a switch, and how many before.

// matchesLive asks for as many available replicas as the live version has, if the Service wants that. A live version that is
// down asks for none: a switch back is judged by its destination alone.
func matchesLive(state State) *verdict {
	target, live := availability(state)
	if state.Service.Ready != bluegreen.MatchLive || target >= live {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonFewerThanLive, message: fmt.Sprintf("Version %s: waiting for as many available replicas as "+
		"%s has", state.Service.Target, state.Service.Describe())}
}

// availability returns how many available replicas the target has, and how many a switch leaves. A Deployment that is both live and
// target keeps serving, so its replicas are not left.
func availability(state State) (target, left int32) {
	for _, deployment := range state.Target {
		target += availableOfTarget(state, deployment)
	}
	for _, deployment := range state.toLeave() {
		left += deployment.Status.AvailableReplicas
	}
	return target, left
}

// fewerThanLive tells in time that traffic will move to fewer replicas than serve, unless the Service rules that out. It names no
// numbers, since an autoscaler changes them, and counts those that are asked for, since pods come and go.
func fewerThanLive(state State) *verdict {
	var target, live int32
	for _, deployment := range state.Target {
		target += bluegreen.Replicas(deployment)
	}
	for _, deployment := range state.toLeave() {
		if deployment.Status.AvailableReplicas > 0 {
			live += bluegreen.Replicas(deployment)
		}
	}
	if target == 0 || target >= live || state.Service.Ready == bluegreen.MatchLive {
		return nil
	}
	return &verdict{message: fmt.Sprintf("version %s has fewer replicas than %s, and traffic moves all the same: scale it up, or set "+
		"%s=%s to wait for as many", state.Service.Target, state.Service.Describe(), bluegreen.Ready, bluegreen.MatchLive)}
}

// availableOfTarget returns how many available pods of a Deployment are of the target for sure.
func availableOfTarget(state State, deployment *appsv1.Deployment) int32 {
	status := deployment.Status
	if !spansVersions(state, deployment) {
		return status.AvailableReplicas
	}
	return max(0, status.AvailableReplicas-max(0, status.Replicas-status.UpdatedReplicas))
}
