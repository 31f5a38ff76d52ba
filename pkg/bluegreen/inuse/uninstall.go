package inuse

import (
	"fmt"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Uninstall decides what to do about a Deployment when bluegreen is about to be uninstalled: a scale-down that is due with its
// rollout, then finalizer and notes go. It is an error if a live Deployment would end by that, or lose its pods.
func Uninstall(state State) (bluegreen.Decision, error) {
	deployment := state.Deployment
	if held := state.rollout(); held == rolloutPending || held == rolloutInPlace {
		return bluegreen.Decision{}, fmt.Errorf("refusing to unprotect Deployment %s in namespace %s: it serves, and its new pod labels "+
			"would take its pods out of the Service; move its traffic to another version first, or put the labels back",
			deployment.Name, deployment.Namespace)
	}
	if deployment.DeletionTimestamp != nil && state.Used() {
		return bluegreen.Decision{}, fmt.Errorf("refusing to unprotect Deployment %s in namespace %s: it serves and is being deleted, and "+
			"only bluegreen keeps it; move its traffic to another version first, or delete the Service", deployment.Name, deployment.Namespace)
	}
	if replicas, due := state.replicasDue(); due {
		return state.write(bluegreen.ReasonUnused, bluegreen.Scale{Deployment: deployment, Replicas: replicas}, nil), nil
	}
	return state.write(bluegreen.ReasonUnused, bluegreen.Unprotect{Deployment: deployment, ForgetAll: true}, nil), nil
}
