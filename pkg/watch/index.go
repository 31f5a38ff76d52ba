package watch

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

const (
	// byLabel finds the Services that select pods with a label, or would on their target.
	byLabel = "label"
	// byPodLabel finds the Deployments whose pods carry a label.
	byPodLabel = "podLabel"
)

// addIndexes lets an event of one object find those it matters to without listing the others.
func addIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	if err := indexer.IndexField(ctx, &corev1.Service{}, byLabel, serviceLabels); err != nil {
		return err
	}
	return indexer.IndexField(ctx, &appsv1.Deployment{}, byPodLabel, podLabels)
}

func serviceLabels(object client.Object) []string {
	return bluegreen.Labels(object.(*corev1.Service))
}

func podLabels(object client.Object) []string {
	var keys []string
	for key, value := range object.(*appsv1.Deployment).Spec.Template.Labels {
		keys = append(keys, bluegreen.Label(key, value))
	}
	return keys
}
