package ladder

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// kept is the top of the ladder: traffic stays on the target, and people are told what is wrong with it.
func kept(state State) bluegreen.Decision {
	if decision := judged(state); decision != nil {
		return *decision
	}
	why := cmp.Or(liveTrouble(state), liveRelabelled(state), checkingAfter(state), &verdict{reason: bluegreen.ReasonStable})
	decision := show(state, bluegreen.Stable, *why)
	decision.Writes = append(decision.Writes, protectLive(state)...)
	return decision
}

// liveTrouble returns what people have to know about the live Deployments, or nil.
func liveTrouble(state State) *verdict {
	if frozen := bluegreen.Frozen(state.Live); len(frozen) > 0 {
		return &verdict{reason: bluegreen.ReasonLiveDeleting, message: fmt.Sprintf("Deployment %s: serves and is being deleted: its pods are "+
			"kept, and its spec is frozen, until traffic moves; ask for another version to finish its deletion, or take its pods over: kubectl "+
			"delete deployment %s -n %s --cascade=orphan --wait=false, and apply its manifest again",
			bluegreen.Names(frozen), frozen[0].Name, frozen[0].Namespace), warning: true}
	}
	if len(state.Live) > 0 && !slices.ContainsFunc(state.Live, hasReplicas) {
		return &verdict{reason: bluegreen.ReasonLiveScaledToZero, message: fmt.Sprintf(
			"Deployment %s: serves and has 0 replicas: scale it up, or ask for another version", bluegreen.Names(state.Live)), warning: true}
	}
	return nil
}

// liveRelabelled returns what people have to know if new pod labels of a live Deployment wait and no switch is asked for, or nil.
func liveRelabelled(state State) *verdict {
	i := slices.IndexFunc(state.Live, state.Service.WouldLose)
	if i < 0 {
		return nil
	}
	deployment, service := state.Live[i], state.Service
	paused, remedy := "so its rollout is paused", "put the labels back"
	if !deployment.Spec.Paused {
		paused = "which its rollout does"
	}
	if version := deployment.Spec.Template.Labels[service.VersionLabel]; version != "" && version != service.Target && service.Leader == "" {
		remedy += fmt.Sprintf(", or ask for %s=%s", bluegreen.TargetVersion, version)
	}
	return &verdict{reason: bluegreen.ReasonLiveRelabelled, message: fmt.Sprintf("Deployment %s: serves %s, and its new pod labels would "+
		"take its pods out of the Service, %s: %s", deployment.Name, labels.FormatLabels(service.Spec.Selector), paused, remedy), warning: true}
}

func hasReplicas(deployment *appsv1.Deployment) bool { return bluegreen.Replicas(deployment) > 0 }
