package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

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
	return bluegreen.Labels(unpack[*corev1.Service](object))
}

func podLabels(object client.Object) []string {
	return bluegreen.PodLabels(unpack[*appsv1.Deployment](object))
}

// deploymentsOf returns the Deployments that may matter to a Service.
func deploymentsOf(ctx context.Context, c client.Reader, service *corev1.Service) ([]*appsv1.Deployment, error) {
	found := map[string]*appsv1.Deployment{}
	for _, label := range bluegreen.Labels(service) {
		var list appsv1.DeploymentList
		if err := c.List(ctx, &list, client.InNamespace(service.Namespace), client.MatchingFields{byPodLabel: label}); err != nil {
			return nil, fmt.Errorf("listing Deployments with pod label %s: %w", label, err)
		}
		for i := range list.Items {
			found[list.Items[i].Name] = &list.Items[i]
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// servicesOf returns the Services that a Deployment may matter to.
func servicesOf(ctx context.Context, c client.Reader, deployment *appsv1.Deployment) ([]*corev1.Service, error) {
	found := map[string]*corev1.Service{}
	for _, label := range bluegreen.PodLabels(deployment) {
		var list corev1.ServiceList
		if err := c.List(ctx, &list, client.InNamespace(deployment.Namespace), client.MatchingFields{byLabel: label}); err != nil {
			return nil, fmt.Errorf("listing Services that select label %s: %w", label, err)
		}
		for i := range list.Items {
			found[list.Items[i].Name] = &list.Items[i]
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// requests returns the queue's keys of objects.
func requests[T client.Object](objects []T) []reconcile.Request {
	keys := make([]reconcile.Request, 0, len(objects))
	for _, object := range objects {
		keys = append(keys, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
	}
	return keys
}
