package random

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// writer is a way to write a change of a Service.
type writer struct {
	name  string
	write func(w *world, s *corev1.Service, change change, this *write) error

	// status is set for a write of the status, which may ask for nothing.
	status bool
}

// writers are the ways to write a Service, as often as the weights say.
var writers = []weighted[writer]{
	{weight: 4, what: writer{name: "merge patch", write: mergePatch}},
	{weight: 3, what: writer{name: "strategic patch", write: strategicPatch}},
	{weight: 3, what: writer{name: "json patch", write: jsonPatch}},
	{weight: 3, what: writer{name: "update", write: update}},
	{weight: 2, what: writer{name: "replace", write: replace}},
	{weight: 2, what: writer{name: "status update", write: statusUpdate, status: true}},
	{weight: 2, what: writer{name: "status patch", write: statusPatch, status: true}},
	{weight: 6, what: writer{name: applierName, write: apply}},
}

// writeService makes somebody write a Service in some way.
func (w *world) writeService(key client.ObjectKey, change change) {
	w.t.Helper()
	s := w.get(key)
	w.saw(s)
	by := pickWeighted(w.dice, writers)
	this := w.begin(id{kind: "Service", ObjectKey: key}, fmt.Sprintf("%s of %v %v", by.name, change.annotations, change.selector))
	this.dryRun = w.dice.IntN(8) == 0
	this.mayBeForbidden = by.status && change.ofBluegreen()
	change.annotations[marker] = this.mark
	this.lostWords = exactly(change.annotations)
	w.applier = pick(w.dice, "helm", "argocd", "flux")
	w.end(this, by.name, by.write(w, s, change, this))
}

// must is a write that nothing refuses.
func (w *world) must(key client.ObjectKey, change change) {
	w.t.Helper()
	this := w.begin(id{kind: "Service", ObjectKey: key}, fmt.Sprintf("patch of %v %v in the end", change.annotations, change.selector))
	change.annotations[marker] = this.mark
	this.lostWords = exactly(change.annotations)
	s := &corev1.Service{}
	s.Namespace, s.Name = key.Namespace, key.Name
	if err := w.patch(s, this, types.MergePatchType, change.body(), "kubectl-patch"); err != nil {
		w.t.Fatalf("%s: %v", this.what, err)
	}
	w.end(this, "in the end", nil)
}

func (w *world) patch(s *corev1.Service, this *write, kind types.PatchType, body any, manager string) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	this.answer = s
	options := &client.PatchOptions{DryRun: this.dryRunOption(), FieldManager: manager}
	return w.client.Patch(w.t.Context(), s, client.RawPatch(kind, data), options)
}

func mergePatch(w *world, s *corev1.Service, change change, this *write) error {
	return w.patch(s, this, types.MergePatchType, change.body(), "kubectl-annotate")
}

func strategicPatch(w *world, s *corev1.Service, change change, this *write) error {
	return w.patch(s, this, types.StrategicMergePatchType, change.body(), "kubectl-patch")
}

// jsonPatch removes only what the stored Service had just now; should that be gone by then, the patch is invalid.
func jsonPatch(w *world, s *corev1.Service, change change, this *write) error {
	operations := append(jsonOperations("/metadata/annotations", s.Annotations, change.annotations),
		jsonOperations("/spec/selector", s.Spec.Selector, change.selector)...)
	return w.patch(s, this, types.JSONPatchType, operations, "")
}

func update(w *world, s *corev1.Service, change change, this *write) error {
	changed := change.appliedTo(s)
	this.answer = changed
	options := &client.UpdateOptions{DryRun: this.dryRunOption(), FieldManager: "kubectl-edit"}
	return w.client.Update(w.t.Context(), changed, options)
}

// replace writes a whole object over whatever there is by now.
func replace(w *world, s *corev1.Service, change change, this *write) error {
	whole := change.appliedTo(s)
	whole.ResourceVersion = ""
	whole.ManagedFields = nil
	all := users(whole)
	this.lostWords = func(_, after map[string]string) string { return difference(after, all) }
	this.answer = whole
	options := &client.UpdateOptions{DryRun: this.dryRunOption(), FieldManager: "kubectl-replace"}
	return w.client.Update(w.t.Context(), whole, options)
}

func statusUpdate(w *world, s *corev1.Service, change change, this *write) error {
	changed := change.appliedTo(s)
	this.answer = changed
	options := &client.SubResourceUpdateOptions{UpdateOptions: client.UpdateOptions{DryRun: this.dryRunOption()}}
	return w.client.Status().Update(w.t.Context(), changed, options)
}

func statusPatch(w *world, s *corev1.Service, change change, this *write) error {
	data, err := json.Marshal(change.body())
	if err != nil {
		return err
	}
	this.answer = s
	options := &client.SubResourcePatchOptions{PatchOptions: client.PatchOptions{DryRun: this.dryRunOption()}}
	return w.client.Status().Patch(w.t.Context(), s, client.RawPatch(types.MergePatchType, data), options)
}

type jsonOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// jsonOperations returns the operations of a JSON patch that change a map at a path, which is stored like this.
func jsonOperations(path string, stored map[string]string, changed map[string]any) []jsonOperation {
	var operations []jsonOperation
	if stored == nil && len(changed) > 0 {
		operations = append(operations, jsonOperation{Op: "add", Path: path, Value: map[string]any{}})
	}
	for key, value := range changed {
		at := path + "/" + strings.ReplaceAll(key, "/", "~1")
		if _, exists := stored[key]; value != nil {
			operations = append(operations, jsonOperation{Op: "add", Path: at, Value: value})
		} else if exists {
			operations = append(operations, jsonOperation{Op: "remove", Path: at})
		}
	}
	return operations
}
