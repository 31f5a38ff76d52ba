package ladder

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// ready holds when no switch is pending, or when the target passes the gate.
func ready(state State) *bluegreen.Decision {
	if !state.Service.Pending() {
		return nil
	}
	if held := gate(state); held != nil {
		return wait(state, *held)
	}
	return nil
}

// checks are the gate, in order: the first that finds something is what people are told. Every target Deployment must pass all
// of them.
var checks = []func(State, *appsv1.Deployment) *verdict{
	notScaledToZero,
	notHeldWithNone,
	portsFound,
	available,
	ownPods,
	complete,
}

// gate returns why traffic may not move to the target, or nil when it may.
func gate(state State) *verdict {
	if len(state.Target) == 0 {
		return notFound(state)
	}
	for _, deployment := range state.Target {
		if held := deleting(state, deployment); held != nil {
			return held
		}
	}
	if held := check(state, state.Target...); held != nil {
		return held
	}
	return matchesLive(state)
}

// check returns the first thing that holds one of some Deployments, or nil.
func check(state State, deployments ...*appsv1.Deployment) *verdict {
	for _, check := range checks {
		for _, deployment := range deployments {
			if held := check(state, deployment); held != nil {
				return about(deployment, held)
			}
		}
	}
	return nil
}

// notFound says that there is nothing to move to.
func notFound(state State) *verdict {
	if len(state.Left) > 0 {
		return &verdict{bluegreen.ReasonDeploymentNotFound, fmt.Sprintf("Deployment %s: its pods are of version %s, but its new pod labels "+
			"are not: put the labels back, or ask for another version", bluegreen.Names(state.Left), state.Service.Target)}
	}
	return &verdict{bluegreen.ReasonDeploymentNotFound, fmt.Sprintf("No Deployment has pods labelled %s: create it, or set %s to a "+
		"version that runs", formatSelector(state.Service.TargetSelector()), bluegreen.TargetVersion)}
}

// deleting holds a target under deletion. Traffic that has just left it may go back while bluegreen keeps it.
func deleting(state State, deployment *appsv1.Deployment) *verdict {
	if deployment.DeletionTimestamp == nil || bluegreen.Protected(deployment) && check(state, deployment) == nil {
		return nil
	}
	return about(deployment, &verdict{bluegreen.ReasonDeploymentDeleting,
		"is being deleted: create it again once it is gone, or ask for another version"})
}

func about(deployment *appsv1.Deployment, held *verdict) *verdict {
	return &verdict{held.reason, "Deployment " + deployment.Name + ": " + held.message}
}

func formatSelector(selector map[string]string) string { return labels.FormatLabels(selector) }
