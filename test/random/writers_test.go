package random

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// writer writes a change in its own way; by is who it is, for server-side apply, which cannot be told from kubectl else.
type writer func(w *world, s *corev1.Service, c change, this *write, by string) error

var writers = []weighted[writer]{
	{4, mergePatch}, {3, strategicPatch}, {3, jsonPatch}, {3, update}, {2, replace}, {2, statusUpdate}, {2, statusPatch}, {6, apply},
}

var writerNames = []string{"merge patch", "strategic patch", "json patch", "update", "replace", "status update", "status patch", "apply"}

// writeService makes somebody write a Service in some way.
func (w *world) writeService(key client.ObjectKey, c change) {
	w.t.Helper()
	s := &corev1.Service{}
	if err := w.client.Get(w.t.Context(), key, s); err != nil {
		w.t.Fatal(err)
	}
	w.saw(s)
	way := pickWeighted(w.r, ways())
	this := w.begin(id{"Service", key}, fmt.Sprintf("%s of %v %v", writerNames[way], c.annotations, c.selector))
	this.dryRun = w.r.IntN(8) == 0
	this.sideDoor = strings.HasPrefix(writerNames[way], "status ") && c.asks()
	c.annotations[marker] = this.mark
	this.user = changed(c.annotations)
	err := writers[way].what(w, s, c, this, pick(w.r, "helm", "argocd", "flux"))
	w.end(this, writerNames[way], err)
}

// ways are the indexes of writers, as often as each is to happen.
func ways() []weighted[int] {
	var all []weighted[int]
	for i, writer := range writers {
		all = append(all, weighted[int]{writer.weight, i})
	}
	return all
}

// begin notes a write that is about to happen.
func (w *world) begin(who id, what string) *write {
	this := &write{mark: w.mark(), id: who, from: w.latest, serving: w.serving()}
	this.what = fmt.Sprintf("step %s: %s", this.mark, what)
	if !this.serving {
		this.what += " (outage)"
	}
	w.checker.mu.Lock()
	w.checker.writes[this.mark] = this
	w.checker.mu.Unlock()
	return this
}

// end notes what became of it. A writer is refused for what the rules say, and for nothing else.
func (w *world) end(this *write, kind string, err error) {
	w.t.Helper()
	var status apierrors.APIStatus
	outcome := "ok"
	if err != nil {
		if !errors.As(err, &status) {
			w.t.Fatalf("%s: %v", this.what, err)
		}
		outcome = string(status.Status().Reason)
	}
	w.checker.stats[kind+": "+outcome]++
	switch {
	case err == nil:
		w.saw(this.answer)
		w.noteOwners(this)
		if !this.dryRun {
			this.answer = nil
		}
	case apierrors.IsForbidden(err) && (!this.serving || this.sideDoor), apierrors.IsInvalid(err):
	case apierrors.IsConflict(err) && w.mayConflict(this, err):
	default:
		w.t.Fatalf("%s: %v", this.what, err)
	}
	if err != nil {
		this.answer = nil
	}
}

func (w *write) dry() []string {
	if w.dryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// changed expects of the users' annotations that exactly these have changed.
func changed(changes map[string]any) func(before, after map[string]string) string {
	expected := maps.Clone(changes)
	delete(expected, phaseKey)
	delete(expected, messageKey)
	return func(before, after map[string]string) string { return differs(after, with(before, expected)) }
}

func differs(got, want map[string]string) string {
	if maps.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("got %v, want %v", got, want)
}

// asks says whether the change is about annotations of bluegreen, which go through no status.
func (c change) asks() bool {
	for key := range c.annotations {
		if strings.HasPrefix(key, "bluegreen/") {
			return true
		}
	}
	return false
}

func (c change) body() map[string]any {
	body := map[string]any{"metadata": map[string]any{"annotations": c.annotations}}
	if len(c.selector) > 0 {
		body["spec"] = map[string]any{"selector": c.selector}
	}
	return body
}

func (w *world) patch(s *corev1.Service, this *write, kind types.PatchType, body any, manager string) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	this.answer = s
	options := &client.PatchOptions{DryRun: this.dry(), FieldManager: manager}
	return w.client.Patch(w.t.Context(), s, client.RawPatch(kind, data), options)
}

func mergePatch(w *world, s *corev1.Service, c change, this *write, _ string) error {
	return w.patch(s, this, types.MergePatchType, c.body(), "kubectl-annotate")
}

func strategicPatch(w *world, s *corev1.Service, c change, this *write, _ string) error {
	return w.patch(s, this, types.StrategicMergePatchType, c.body(), "kubectl-patch")
}

// jsonPatch removes only what the stored Service had just now; should it be gone by then, the patch is invalid.
func jsonPatch(w *world, s *corev1.Service, c change, this *write, _ string) error {
	var operations []map[string]any
	add := func(path string, stored map[string]string, changed map[string]any) {
		if stored == nil && len(changed) > 0 {
			operations = append(operations, map[string]any{"op": "add", "path": path, "value": map[string]any{}})
		}
		for key, value := range changed {
			at := path + "/" + strings.ReplaceAll(key, "/", "~1")
			if _, exists := stored[key]; value != nil {
				operations = append(operations, map[string]any{"op": "add", "path": at, "value": value})
			} else if exists {
				operations = append(operations, map[string]any{"op": "remove", "path": at})
			}
		}
	}
	add("/metadata/annotations", s.Annotations, c.annotations)
	add("/spec/selector", s.Spec.Selector, c.selector)
	return w.patch(s, this, types.JSONPatchType, operations, "")
}

func update(w *world, s *corev1.Service, c change, this *write, _ string) error {
	changed := c.on(s)
	this.answer = changed
	return w.client.Update(w.t.Context(), changed, &client.UpdateOptions{DryRun: this.dry(), FieldManager: "kubectl-edit"})
}

// replace writes a whole object over whatever there is by now.
func replace(w *world, s *corev1.Service, c change, this *write, _ string) error {
	whole := c.on(s)
	whole.ResourceVersion = ""
	whole.ManagedFields = nil
	all := users(whole)
	this.user = func(_, after map[string]string) string { return differs(after, all) }
	this.answer = whole
	return w.client.Update(w.t.Context(), whole, &client.UpdateOptions{DryRun: this.dry(), FieldManager: "kubectl-replace"})
}

func statusUpdate(w *world, s *corev1.Service, c change, this *write, _ string) error {
	changed := c.on(s)
	this.answer = changed
	return w.client.Status().Update(w.t.Context(), changed, &client.SubResourceUpdateOptions{UpdateOptions: client.UpdateOptions{DryRun: this.dry()}})
}

func statusPatch(w *world, s *corev1.Service, c change, this *write, _ string) error {
	data, err := json.Marshal(c.body())
	if err != nil {
		return err
	}
	this.answer = s
	options := &client.SubResourcePatchOptions{PatchOptions: client.PatchOptions{DryRun: this.dry()}}
	return w.client.Status().Patch(w.t.Context(), s, client.RawPatch(types.MergePatchType, data), options)
}

// apply applies what the change sets, and lets go of what the same applier had applied else.
func apply(w *world, s *corev1.Service, c change, this *write, by string) error {
	sets := with(nil, c.annotations)
	delete(sets, marker)
	sets[marker+"-"+by] = this.mark // Appliers own what they apply, and the marker is everybody's.
	who := s.Namespace + "/" + s.Name + "/" + by
	this.user = applied(w.applied[who], sets)
	spec := map[string]any{"ports": s.Spec.Ports}
	if len(c.selector) > 0 || w.r.IntN(2) == 0 {
		spec["selector"] = with(s.Spec.Selector, c.selector)
	}
	data, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Service", "spec": spec,
		"metadata": map[string]any{"name": s.Name, "annotations": sets}})
	if err != nil {
		return err
	}
	this.answer = s
	force := w.r.IntN(2) == 0
	err = w.client.Patch(w.t.Context(), s, client.RawPatch(types.ApplyPatchType, data), &client.PatchOptions{DryRun: this.dry(), FieldManager: by, Force: &force})
	if err == nil && !this.dryRun {
		w.applied[who] = sets
	}
	return err
}

// applied expects the annotations as applied, and that nothing else is gone but what this applier had applied before.
func applied(formerly, sets map[string]string) func(before, after map[string]string) string {
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
		return differs(after, want)
	}
}
