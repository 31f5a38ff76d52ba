package watch

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// protectAll gives Deployments the finalizer; false when one of them has changed in a way that has to be decided about.
func (c *Controller) protectAll(ctx context.Context, service *corev1.Service, deployments []*appsv1.Deployment) (bool, error) {
	for _, deployment := range deployments {
		patch, err := finalizerPatch(deployment, map[string]any{"finalizers": []string{bluegreen.InUseProtection}})
		if err != nil {
			return false, err
		}
		err = c.client.Patch(ctx, deployment.DeepCopy(), patch)
		if overtaken(err) {
			return false, nil
		}
		if err != nil {
			// A finalizer cannot be added once a deletion has begun, which will be decided about. Otherwise people have to know.
			live, readErr := c.readLive(ctx, []*appsv1.Deployment{deployment})
			if readErr == nil && (len(live) == 0 || live[0].DeletionTimestamp != nil) {
				return false, nil
			}
			return false, c.failed(service, fmt.Errorf("protecting Deployment %s: %w", deployment.Name, err))
		}
	}
	return true, nil
}

// unprotect takes the finalizer off a Deployment. The resourceVersion keeps it from one that has changed since.
func unprotect(ctx context.Context, c client.Client, deployment *appsv1.Deployment) error {
	patch, err := finalizerPatch(deployment, map[string]any{
		"$deleteFromPrimitiveList/finalizers": []string{bluegreen.InUseProtection},
		"resourceVersion":                     deployment.ResourceVersion,
	})
	if err != nil {
		return err
	}
	if err := c.Patch(ctx, deployment, patch); err != nil {
		return fmt.Errorf("letting Deployment %s go: %w", deployment.Name, err)
	}
	return nil
}

// finalizerPatch is a strategic merge patch of a Deployment's metadata. Finalizers are a set in it, so those of others are
// never touched; the uid keeps it from a Deployment that was created anew under the same name.
func finalizerPatch(deployment *appsv1.Deployment, metadata map[string]any) (client.Patch, error) {
	metadata["uid"] = deployment.UID
	return rawPatch(types.StrategicMergePatchType, map[string]any{"metadata": metadata})
}
