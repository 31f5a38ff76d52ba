package watch

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// patchOf returns the merge patch that makes a Service's annotations and selector the desired ones. It is written key by
// key: the observed Service lacks most annotations of the stored one (see CacheByObject), and a patch computed from two
// whole objects takes "no annotations left" for "remove them all".
//
// It carries the resourceVersion: what was decided about one state of the Service is never written over another.
func patchOf(observed, desired *corev1.Service) (client.Patch, error) {
	metadata := map[string]any{"resourceVersion": observed.ResourceVersion}
	patch := map[string]any{"metadata": metadata}
	if changed := changes(observed.Annotations, desired.Annotations); len(changed) > 0 {
		metadata["annotations"] = changed
	}
	if changed := changes(observed.Spec.Selector, desired.Spec.Selector); len(changed) > 0 {
		patch["spec"] = map[string]any{"selector": changed}
	}
	return rawPatch(types.MergePatchType, patch)
}

func rawPatch(kind types.PatchType, body map[string]any) (client.Patch, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding the patch: %w", err)
	}
	return client.RawPatch(kind, data), nil
}

// changes returns the keys whose values differ, with the desired value, or nil for those to remove.
func changes(observed, desired map[string]string) map[string]any {
	changed := map[string]any{}
	for key := range observed {
		if _, stays := desired[key]; !stays {
			changed[key] = nil
		}
	}
	for key, value := range desired {
		if current, exists := observed[key]; !exists || current != value {
			changed[key] = value
		}
	}
	return changed
}

// disown does in a write of its own what the webhook would have done in the last one, had it been there: otherwise what
// bluegreen wrote would make the next server-side apply conflict.
func (c *Controller) disown(ctx context.Context, written *corev1.Service) error {
	entries := bluegreen.Disown(written.ManagedFields)
	if len(entries) == 0 || equality.Semantic.DeepEqual(entries, written.ManagedFields) {
		return nil // An empty list would not disown, but make the next applier start anew.
	}
	patch, err := rawPatch(types.MergePatchType, map[string]any{"metadata": map[string]any{
		"resourceVersion": written.ResourceVersion,
		"managedFields":   entries,
	}})
	if err != nil {
		return err
	}
	if err := c.client.Patch(ctx, written, patch); err != nil && !overtaken(ctx, c.live, written, err) {
		return fmt.Errorf("disowning fields of Service %s: %w", written.Name, err)
	}
	return nil
}

// overtaken says whether a write was refused because somebody was faster: then what they wrote is on its way through the watch, and will
// be decided about. The error alone does not say it: a 404 or 409 can also be the answer of somebody's admission webhook.
func overtaken(ctx context.Context, live client.Reader, seen client.Object, err error) bool {
	if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		return false
	}
	kind, err := apiutil.GVKForObject(seen, scheme.Scheme)
	if err != nil {
		return false
	}
	current := &metav1.PartialObjectMetadata{}
	current.SetGroupVersionKind(kind)
	if err := live.Get(ctx, client.ObjectKeyFromObject(seen), current); err != nil {
		return apierrors.IsNotFound(err)
	}
	return current.UID != seen.GetUID() || current.ResourceVersion != seen.GetResourceVersion()
}
