package cluster

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Change makes a change of a Deployment. Its resourceVersion keeps it from one that has changed since it was seen, and its uid
// from one that was created anew under the same name.
func Change(ctx context.Context, c client.Client, change bluegreen.Change) error {
	switch change := change.(type) {
	case bluegreen.Protect:
		return patchDeployment(ctx, c, "protecting", change.Deployment, metadata{
			"finalizers":  []string{bluegreen.InUseProtection},
			"annotations": metadata{bluegreen.Serves: orNone(change.Serves)}, // None, also of a copied manifest.
		}, nil)
	case bluegreen.Unprotect:
		notes := metadata{bluegreen.Serves: nil, bluegreen.ResumeAfter: nil}
		if change.ForgetAll {
			notes[bluegreen.ScaleToZeroAfter], notes[bluegreen.LeftKey] = nil, nil
		}
		return patchDeployment(ctx, c, "unprotecting", change.Deployment, metadata{
			"$deleteFromPrimitiveList/finalizers": []string{bluegreen.InUseProtection},
			"annotations":                         notes,
		}, resumed(change.Deployment))
	case bluegreen.Resume:
		return patchDeployment(ctx, c, "resuming", change.Deployment, metadata{
			"annotations": metadata{bluegreen.Serves: orNone(change.Serves), bluegreen.ResumeAfter: nil},
		}, resumed(change.Deployment))
	case bluegreen.Note:
		notes := metadata{}
		for key, note := range change.Notes {
			notes[key] = orNone(note)
		}
		return patchDeployment(ctx, c, "writing notes on", change.Deployment, metadata{"annotations": notes}, nil)
	case bluegreen.Scale:
		return scale(ctx, c, change.Deployment, change.Replicas)
	default:
		return fmt.Errorf("no change of a Deployment: %T", change)
	}
}

type metadata = map[string]any

// resumed returns the spec that resumes a rollout, if bluegreen paused it.
func resumed(deployment *appsv1.Deployment) map[string]any {
	if bluegreen.RolloutHeld(deployment) {
		return map[string]any{"paused": nil}
	}
	return nil
}

// orNone returns the value of a note in a patch: an empty one is removed.
func orNone(note string) any {
	if note == "" {
		return nil
	}
	return note
}

// patchDeployment writes a strategic merge patch. Finalizers are a set in it, so those of others are never touched.
func patchDeployment(ctx context.Context, c client.Client, doing string, deployment *appsv1.Deployment, meta metadata,
	spec map[string]any) error {
	meta["resourceVersion"], meta["uid"] = deployment.ResourceVersion, deployment.UID
	body := map[string]any{"metadata": meta}
	if spec != nil {
		body["spec"] = spec
	}
	patch, err := rawPatch(types.StrategicMergePatchType, body)
	if err != nil {
		return err
	}
	if err := c.Patch(ctx, deployment.DeepCopy(), patch); err != nil {
		return fmt.Errorf("%s Deployment %s: %w", doing, deployment.Name, err)
	}
	return nil
}

// scale writes replicas by the scale subresource: an owner of spec.replicas would make the next server-side apply conflict. The API
// server notes none there if they go to 0, or had no owner before; the webhook sees to that when it holds others than 0.
func scale(ctx context.Context, c client.Client, deployment *appsv1.Deployment, replicas int32) error {
	patch, err := rawPatch(types.MergePatchType, map[string]any{
		"metadata": metadata{"resourceVersion": deployment.ResourceVersion},
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
