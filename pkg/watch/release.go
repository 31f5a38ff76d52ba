package watch

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Release takes what bluegreen wrote off all Deployments of some namespaces (none named: all), for an installation that is
// about to end. It needs no running controller, and none must run, or the finalizers come back.
type Release struct {
	Client     client.WithWatch
	Namespaces []string
}

// Check returns an error that names the Deployments that serve, are under deletion, and would die without the finalizer.
func (r Release) Check(ctx context.Context) error { return r.each(ctx, refuseServing) }

func refuseServing(deployment *appsv1.Deployment, services []*corev1.Service) error {
	if held := bluegreen.HeldRolloutOf(deployment, services, nil); held == bluegreen.RolloutPending || held == bluegreen.RolloutInPlace {
		return fmt.Errorf("refusing to let Deployment %s in namespace %s go: it serves, and its new pod labels would take its pods out of the "+
			"Service; move its traffic to another version first, or put the labels back", deployment.Name, deployment.Namespace)
	}
	if deployment.DeletionTimestamp == nil || !bluegreen.InUse(deployment, services) {
		return nil
	}
	return fmt.Errorf("refusing to let Deployment %s in namespace %s go: it serves and is being deleted, and only bluegreen keeps it; "+
		"move its traffic to another version first, or delete the Service", deployment.Name, deployment.Namespace)
}

// Run takes finalizers and notes off. What Check refuses may have come about meanwhile, and is refused here too.
func (r Release) Run(ctx context.Context) error {
	return r.each(ctx, func(deployment *appsv1.Deployment, services []*corev1.Service) error {
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error { return r.letGo(ctx, deployment, services) })
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("letting Deployment %s in namespace %s go: %w", deployment.Name, deployment.Namespace, err)
		}
		return nil
	})
}

// letGo writes over no Deployment that has changed since it was judged.
func (r Release) letGo(ctx context.Context, deployment *appsv1.Deployment, services []*corev1.Service) error {
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(deployment), deployment); err != nil {
		return err
	}
	if err := refuseServing(deployment, services); err != nil {
		return err
	}
	if replicas, due := bluegreen.ReplicasDue(deployment, services); due {
		if err := scale(ctx, r.Client, deployment, replicas); err != nil {
			return err
		}
		return r.letGo(ctx, deployment, services) // It has another resourceVersion now.
	}
	return unprotect(ctx, r.Client, deployment, bluegreen.ScaleToZeroAfter)
}

// each calls do for every Deployment that carries something of bluegreen's, with the Services of its namespace.
func (r Release) each(ctx context.Context, do func(*appsv1.Deployment, []*corev1.Service) error) error {
	namespaces := r.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{corev1.NamespaceAll}
	}
	var errs []error
	for _, namespace := range namespaces {
		var deployments appsv1.DeploymentList
		if err := r.Client.List(ctx, &deployments, client.InNamespace(namespace)); err != nil {
			return fmt.Errorf("listing Deployments: %w", err)
		}
		for i := range deployments.Items {
			deployment := &deployments.Items[i]
			if !concernsProtection(deployment) {
				continue
			}
			var services corev1.ServiceList
			if err := r.Client.List(ctx, &services, client.InNamespace(deployment.Namespace)); err != nil {
				return fmt.Errorf("listing Services: %w", err)
			}
			errs = append(errs, do(deployment, bluegreen.Pointers(services.Items)))
		}
	}
	return errors.Join(errs...)
}

// Stop scales bluegreen's own Deployment to 0 and waits until its pods are gone. One that is not there needs no stopping.
func (r Release) Stop(ctx context.Context, key client.ObjectKey) error {
	own := &appsv1.Deployment{}
	if err := r.Client.Get(ctx, key, own); err != nil {
		return client.IgnoreNotFound(err)
	}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":0}}`))
	if err := r.Client.SubResource("scale").Patch(ctx, own.DeepCopy(), patch); err != nil {
		return fmt.Errorf("scaling Deployment %s to 0: %w", key, err)
	}
	return r.awaitNoPods(ctx, key.Namespace, own.Spec.Selector.MatchLabels)
}

func (r Release) awaitNoPods(ctx context.Context, namespace string, labels map[string]string) error {
	selection := []client.ListOption{client.InNamespace(namespace), client.MatchingLabels(labels)}
	watcher, err := r.Client.Watch(ctx, &corev1.PodList{}, selection...)
	if err != nil {
		return fmt.Errorf("watching the pods of bluegreen: %w", err)
	}
	defer watcher.Stop()
	for {
		var pods corev1.PodList
		if err := r.Client.List(ctx, &pods, selection...); err != nil {
			return fmt.Errorf("listing the pods of bluegreen: %w", err)
		}
		if len(pods.Items) == 0 {
			return nil
		}
		if _, open := <-watcher.ResultChan(); !open {
			return fmt.Errorf("waiting for %d pods of bluegreen to end: the watch has ended: %w", len(pods.Items), context.Cause(ctx))
		}
	}
}
