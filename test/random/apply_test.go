package random

import (
	"encoding/json"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const applierName = "apply"

// applied remembers the annotations that each applier has applied to each Service.
type applied map[applier]map[string]string

type applier struct {
	service client.ObjectKey
	name    string
}

// forget forgets what was applied to a Service that is gone.
func (applied applied) forget(key client.ObjectKey) {
	maps.DeleteFunc(applied, func(by applier, _ map[string]string) bool { return by.service == key })
}

// apply applies what the change sets, and gives up what the same applier has applied formerly.
func apply(w *world, s *corev1.Service, change change, this *write) error {
	by := applier{service: client.ObjectKeyFromObject(s), name: w.applier}
	sets := with(nil, change.annotations)
	delete(sets, marker)
	sets[marker+"-"+by.name] = this.mark // Appliers own what they apply, and the marker is everybody's.
	this.lostWords = appliedWords(w.applied[by], sets)
	spec := map[string]any{"ports": s.Spec.Ports}
	if len(change.selector) > 0 || w.dice.IntN(2) == 0 {
		spec["selector"] = with(s.Spec.Selector, change.selector)
	}
	data, err := json.Marshal(map[string]any{
		"apiVersion": "v1",
		"kind":       "Service",
		"metadata":   map[string]any{"name": s.Name, "annotations": sets},
		"spec":       spec,
	})
	if err != nil {
		return err
	}
	this.answer = s
	options := &client.PatchOptions{DryRun: this.dryRunOption(), FieldManager: by.name, Force: new(w.dice.IntN(2) == 0)}
	err = w.client.Patch(w.t.Context(), s, client.RawPatch(types.ApplyPatchType, data), options)
	if err == nil && !this.dryRun {
		w.applied[by] = sets
	}
	return err
}

// appliedWords expects the annotations as applied, and that nothing else is gone but what this applier had applied before.
func appliedWords(formerly, sets map[string]string) func(before, after map[string]string) string {
	return func(before, after map[string]string) string {
		want := maps.Clone(before)
		for key := range formerly {
			if _, stays := after[key]; !stays {
				delete(want, key)
			}
		}
		maps.Copy(want, sets)
		delete(want, phaseKey)
		delete(want, messageKey)
		return difference(after, want)
	}
}

// isApply reports whether a write is a server-side apply.
func (by *write) isApply() bool { return strings.Contains(by.what, applierName+" of") }
