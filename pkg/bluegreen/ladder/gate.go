package ladder

import (
	"cmp"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// ready holds when no switch is pending, or when the target passes the gate, of the Service and of all that follow it.
func ready(state State) *bluegreen.Decision {
	if !state.Service.Pending() || ungated(state) {
		return nil
	}
	why := cmp.Or(gate(state), gateOfFollowers(state))
	if why == nil {
		return nil
	}
	if beyond := beyondReady(state); beyond != nil && why.unobserved {
		return beyond // As before: an autoscaler, or an annotation, makes a new generation.
	}
	due := deadline(state)
	late := !due.IsZero() && !state.Now.Before(due)
	if late && serves(state) {
		return fail(state, *why)
	}
	decision := wait(state, *why)
	if !late {
		decision.LookAgain = due
	}
	if why.reason == bluegreen.ReasonWriteFailed {
		*decision = decision.LookingAgainBy(state.Now.Add(tryAgainAfter))
	}
	return decision
}

// beyondReady returns what holds traffic if the target was ready a moment ago; nil if that is not known, or if nothing does.
func beyondReady(state State) *bluegreen.Decision {
	switch bluegreen.Phase(state.Service.Annotations[bluegreen.PhaseKey]) {
	case bluegreen.Checking, bluegreen.Paused:
		if held := cmp.Or(checked(state), approved(state)); held != nil && held.Reason != bluegreen.ReasonFailed {
			return held
		}
	}
	return nil
}

// tryAgainAfter is when to look again whether the API server lets a follower move: nothing tells.
const tryAgainAfter = 15 * time.Second

// checks are the gate, in order: the first that finds something is what people are told. Every target Deployment must pass all
// of them.
var checks = []func(State, *appsv1.Deployment) *verdict{
	notScaledToZero,
	notHeldWithNone,
	notHeldForApproval,
	notHeldForOthers,
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
		if why := deleting(state, deployment); why != nil {
			return why
		}
	}
	if why := firstFailure(state, state.Target...); why != nil {
		return why
	}
	return matchesLive(state)
}

// firstFailure returns the verdict of the first check that one of the Deployments does not pass, or nil.
func firstFailure(state State, deployments ...*appsv1.Deployment) *verdict {
	for _, check := range checks {
		for _, deployment := range deployments {
			if why := check(state, deployment); why != nil {
				return about(deployment, why)
			}
		}
	}
	return nil
}

// notFound says that there is nothing to move to.
func notFound(state State) *verdict {
	if len(state.Left) > 0 {
		return &verdict{reason: bluegreen.ReasonDeploymentNotFound, message: fmt.Sprintf("Deployment %s: its pods are of version %s, but "+
			"its new pod labels are not: put the labels back, or ask for another version", bluegreen.Names(state.Left), state.Service.Target)}
	}
	return &verdict{reason: bluegreen.ReasonDeploymentNotFound, message: fmt.Sprintf("No Deployment has pods labelled %s: create it, or "+
		"set %s to a version that runs", labels.FormatLabels(state.Service.TargetSelector()), bluegreen.TargetVersion)}
}

// deleting keeps traffic from a target under deletion. If bluegreen keeps it, traffic that has just left it may go back.
func deleting(state State, deployment *appsv1.Deployment) *verdict {
	if deployment.DeletionTimestamp == nil {
		return nil
	}
	kept := bluegreen.Protected(deployment)
	failure := firstFailure(state, deployment)
	if kept && failure == nil {
		return nil
	}
	return about(deployment, &verdict{
		reason:     bluegreen.ReasonDeploymentDeleting,
		message:    "is being deleted: create it again once it is gone, or ask for another version",
		unobserved: kept && failure.unobserved,
	})
}

// about returns a verdict with the name of the Deployment that it is about.
func about(deployment *appsv1.Deployment, why *verdict) *verdict {
	why.message = "Deployment " + deployment.Name + ": " + why.message
	return why
}
