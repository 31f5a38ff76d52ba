package cluster

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
	// byLeader finds the Services that are led by another one.
	byLeader = "leader"
	// byPodLabel finds the Deployments whose pods carry a label.
	byPodLabel = "podLabel"
)

// AddIndexes lets an event of one object find those it matters to without listing the others.
func AddIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	if err := indexer.IndexField(ctx, &corev1.Service{}, byLabel, labelsOfService); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &corev1.Service{}, byLeader, leaderOfService); err != nil {
		return err
	}
	return indexer.IndexField(ctx, &appsv1.Deployment{}, byPodLabel, labelsOfPods)
}

func labelsOfService(object client.Object) []string {
	return bluegreen.Read(unpack[*corev1.Service](object)).IndexKeys()
}

func leaderOfService(object client.Object) []string {
	if leader := bluegreen.LeaderOf(unpack[*corev1.Service](object)); leader != "" {
		return []string{leader}
	}
	return nil
}

func labelsOfPods(object client.Object) []string {
	return bluegreen.PodLabels(unpack[*appsv1.Deployment](object))
}
