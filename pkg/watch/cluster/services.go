package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Rehearse makes a write of a Service as a dry run, and returns why it is refused; empty if it is not. It reports whether that is because
// somebody has changed the Service. It is an error if the API server does not answer.
func (c *Cluster) Rehearse(ctx context.Context, write bluegreen.WriteService) (refusal string, overtaken bool, err error) {
	_, err = c.patchService(ctx, write, client.DryRunAll)
	if err == nil || unanswered(err) {
		return "", false, err
	}
	return err.Error(), c.overtaken(ctx, write.Observed, err), nil
}

// unanswered reports whether the API server did not answer.
func unanswered(err error) bool {
	var failed *url.Error
	return errors.As(err, &failed)
}

// patchService writes a Service in one patch, and returns what was stored.
func (c *Cluster) patchService(ctx context.Context, write bluegreen.WriteService, opts ...client.PatchOption) (*corev1.Service, error) {
	patch, err := servicePatch(write)
	if err != nil {
		return nil, err
	}
	written := write.Desired.DeepCopy()
	if err := c.Client.Patch(ctx, written, patch, opts...); err != nil {
		return nil, err
	}
	if !maps.Equal(written.Spec.Selector, write.Desired.Spec.Selector) {
		return nil, fmt.Errorf("selector %s was stored, not %s: another mutating webhook changed the write",
			labels.FormatLabels(written.Spec.Selector), labels.FormatLabels(write.Desired.Spec.Selector))
	}
	return written, nil
}

// servicePatch returns the merge patch that makes a Service's annotations and selector the desired ones. It is written key by
// key: the observed Service lacks most annotations of the stored one (see CacheByObject), and a patch computed from two
// whole objects takes "no annotations left" for "remove them all".
//
// It carries the resourceVersion: what was decided about one state of the Service is never written over another.
func servicePatch(write bluegreen.WriteService) (client.Patch, error) {
	meta := metadata{"resourceVersion": write.Observed.ResourceVersion}
	body := map[string]any{"metadata": meta}
	if changed := changes(write.Observed.Annotations, write.Desired.Annotations); len(changed) > 0 {
		meta["annotations"] = changed
	}
	if changed := changes(write.Observed.Spec.Selector, write.Desired.Spec.Selector); len(changed) > 0 {
		body["spec"] = map[string]any{"selector": changed}
	}
	return rawPatch(types.MergePatchType, body)
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
// bluegreen wrote would make the next server-side apply conflict. Nil is no Service.
func (c *Cluster) disown(ctx context.Context, written *corev1.Service) error {
	if written == nil {
		return nil
	}
	entries, admitted := disowned(written)
	c.Heard(admitted)
	if admitted || len(entries) == 0 {
		return nil // An empty list would not disown, but make the next applier start anew.
	}
	patch, err := rawPatch(types.MergePatchType, map[string]any{"metadata": metadata{
		"resourceVersion": written.ResourceVersion,
		"managedFields":   entries,
	}})
	if err != nil {
		return err
	}
	if err := c.Client.Patch(ctx, written, patch); err != nil && !c.overtaken(ctx, written, err) {
		return fmt.Errorf("disowning fields of Service %s: %w", written.Name, err)
	}
	return nil
}
