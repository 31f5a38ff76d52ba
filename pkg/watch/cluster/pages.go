package cluster

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// ListServices returns what matters of the Services of a namespace. Those that are led are on their way to where their leaders are.
func ListServices(ctx context.Context, reader client.Reader, namespace string) ([]bluegreen.Service, error) {
	var kept []bluegreen.Service
	err := eachIn(ctx, reader, namespace, func() client.ObjectList { return &corev1.ServiceList{} }, func(object runtime.Object) {
		service := object.(*corev1.Service)
		reduced := keepOfService(service)
		reduced.Spec.Selector = service.Spec.Selector // Also of one that was given back: it stays on what it selects.
		kept = append(kept, bluegreen.Read(reduced))
	})
	if err != nil {
		return nil, fmt.Errorf("listing Services in namespace %s: %w", namespace, err)
	}
	return bluegreen.Lead(kept), nil
}

// ListUnfinished returns what matters of the Deployments of a namespace, or of all, on which bluegreen has something to finish.
func ListUnfinished(ctx context.Context, reader client.Reader, namespace string) ([]*appsv1.Deployment, error) {
	return listDeployments(ctx, reader, namespace, bluegreen.Unfinished)
}

// ListDeployments returns what matters of the Deployments of a namespace.
func ListDeployments(ctx context.Context, reader client.Reader, namespace string) ([]*appsv1.Deployment, error) {
	return listDeployments(ctx, reader, namespace, func(*appsv1.Deployment) bool { return true })
}

func listDeployments(ctx context.Context, reader client.Reader, namespace string,
	wanted func(*appsv1.Deployment) bool) ([]*appsv1.Deployment, error) {
	var kept []*appsv1.Deployment
	err := eachIn(ctx, reader, namespace, func() client.ObjectList { return &appsv1.DeploymentList{} }, func(object runtime.Object) {
		if deployment := object.(*appsv1.Deployment); wanted(deployment) {
			kept = append(kept, keepOfDeployment(deployment))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listing Deployments: %w", err)
	}
	return kept, nil
}

// eachIn calls do for every object of a namespace, or of all, read page by page: there can be many thousands.
func eachIn(ctx context.Context, reader client.Reader, namespace string, newPage func() client.ObjectList, do func(runtime.Object)) error {
	pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		page := newPage()
		return page, reader.List(ctx, page, client.InNamespace(namespace), client.Limit(options.Limit), client.Continue(options.Continue))
	})
	return pages.EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		do(object)
		return nil
	})
}
