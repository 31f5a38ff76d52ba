package protection

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
)

// podsServe reports whether a Deployment still has pods that a Service selects, which neither its template nor its note knows of: a
// template before made them. Its ReplicaSets tell, and not pods: others may carry the same labels.
func (c *Controller) podsServe(ctx context.Context, state inuse.State) (bool, error) {
	for _, selector := range state.OwnPods() {
		sets := &appsv1.ReplicaSetList{}
		err := c.cluster.APIReader.List(ctx, sets, client.InNamespace(state.Deployment.Namespace), client.MatchingLabels(selector))
		if err != nil {
			return false, fmt.Errorf("looking for pods of Deployment %s that serve: %w", state.Deployment.Name, err)
		}
		if slices.ContainsFunc(sets.Items, func(set appsv1.ReplicaSet) bool {
			return metav1.IsControlledBy(&set, state.Deployment) && set.Status.Replicas > 0
		}) {
			return true, nil
		}
	}
	return false, nil
}

// orphaned reports whether a Deployment that stays protected was deleted with --cascade=orphan, and its ReplicaSets have no owner
// any more: its pods stay, and the next Deployment of the name adopts them.
func (c *Controller) orphaned(ctx context.Context, state inuse.State) (bool, error) {
	deployment := state.Deployment
	if state.Next() != inuse.StepNone || deployment.DeletionTimestamp == nil || !bluegreen.Protected(deployment) ||
		slices.Contains(deployment.Finalizers, metav1.FinalizerOrphanDependents) {
		return false, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
	if err != nil {
		return false, fmt.Errorf("reading the selector of Deployment %s: %w", deployment.Name, err)
	}
	sets := &metav1.PartialObjectMetadataList{}
	sets.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSetList"))
	selected := []client.ListOption{client.InNamespace(deployment.Namespace), client.MatchingLabelsSelector{Selector: selector}}
	if err := c.cluster.APIReader.List(ctx, sets, selected...); err != nil {
		return false, fmt.Errorf("looking for ReplicaSets of Deployment %s: %w", deployment.Name, err)
	}
	owned := slices.ContainsFunc(sets.Items, func(set metav1.PartialObjectMetadata) bool {
		return metav1.IsControlledBy(&set, deployment)
	})
	return !owned && len(sets.Items) > 0, nil
}
