package watch

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
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
	data, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("encoding the patch: %w", err)
	}
	return client.RawPatch(types.MergePatchType, data), nil
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
