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

// protectAll gives Deployments the finalizer, and those that serve their note; false when one of them has changed since it was seen, which
// is to be decided about.
func (c *Controller) protectAll(ctx context.Context, service *corev1.Service, protect []bluegreen.Protecting) (bool, error) {
	for _, each := range protect {
		deployment := each.Deployment
		patch, err := deploymentPatch(deployment, map[string]any{"metadata": map[string]any{
			"resourceVersion": deployment.ResourceVersion,
			"finalizers":      []string{bluegreen.InUseProtection},
			"annotations":     map[string]any{bluegreen.Serves: orNone(each.Serves)}, // None, also of a copied manifest.
		}})
		if err != nil {
			return false, err
		}
		err = c.client.Patch(ctx, deployment.DeepCopy(), patch)
		if overtaken(ctx, c.live, deployment, err) {
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

// unprotect takes finalizer and notes off a Deployment, and others besides, and lets a rollout that bluegreen paused go on. The
// resourceVersion keeps it from one that has changed since.
func unprotect(ctx context.Context, c client.Client, deployment *appsv1.Deployment, others ...string) error {
	notes := map[string]any{bluegreen.Serves: nil, bluegreen.ResumeAfter: nil}
	for _, other := range others {
		notes[other] = nil
	}
	return unpause(ctx, c, deployment, map[string]any{
		"$deleteFromPrimitiveList/finalizers": []string{bluegreen.InUseProtection},
		"annotations":                         notes,
	})
}

// goOn lets a rollout that bluegreen paused go on, with a note of what the pods are labelled from now on.
func goOn(ctx context.Context, c client.Client, deployment *appsv1.Deployment, serves string) error {
	return unpause(ctx, c, deployment, map[string]any{"annotations": map[string]any{bluegreen.Serves: orNone(serves), bluegreen.ResumeAfter: nil}})
}

// orNone returns the value of a note in a patch: an empty one is removed.
func orNone(note string) any {
	if note == "" {
		return nil
	}
	return note
}

// unpause changes the metadata of a Deployment, and lets a rollout that bluegreen paused go on.
func unpause(ctx context.Context, c client.Client, deployment *appsv1.Deployment, metadata map[string]any) error {
	metadata["resourceVersion"] = deployment.ResourceVersion
	body := map[string]any{"metadata": metadata}
	if bluegreen.Paused(deployment) {
		body["spec"] = map[string]any{"paused": nil}
	}
	patch, err := deploymentPatch(deployment, body)
	if err != nil {
		return err
	}
	if err := c.Patch(ctx, deployment.DeepCopy(), patch); err != nil {
		return fmt.Errorf("letting Deployment %s go: %w", deployment.Name, err)
	}
	return nil
}

// deploymentPatch is a strategic merge patch of a Deployment. Finalizers are a set in it, so those of others are never touched; the
// uid keeps it from a Deployment that was created anew under the same name.
func deploymentPatch(deployment *appsv1.Deployment, body map[string]any) (client.Patch, error) {
	body["metadata"].(map[string]any)["uid"] = deployment.UID
	return rawPatch(types.StrategicMergePatchType, body)
}

// scale writes replicas by the scale subresource: an owner of spec.replicas would make the next server-side apply conflict.
func scale(ctx context.Context, c client.Client, deployment *appsv1.Deployment, replicas int32) error {
	patch, err := rawPatch(types.MergePatchType, map[string]any{
		"metadata": map[string]any{"resourceVersion": deployment.ResourceVersion},
		"spec":     map[string]any{"replicas": replicas},
	})
	if err != nil {
		return err
	}
	if err := c.SubResource("scale").Patch(ctx, deployment.DeepCopy(), patch); err != nil {
		return fmt.Errorf("scaling Deployment %s to %d: %w", deployment.Name, replicas, err)
	}
	return nil
}
