package random

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		return difference(after, users(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Annotations: want}}))
	}
}

// isApply reports whether a write is a server-side apply.
func (by *write) isApply() bool { return strings.Contains(by.what, applierName+" of") }

var (
	// byUpdater matches a conflict with an updater. The API server tells an updater's API version, and none of an applier.
	byUpdater      = regexp.MustCompile(`^conflict with "[^"]*" .*using `)
	contestedField = regexp.MustCompile(`(selector|bluegreen/(target-version|retry|phase|message|attempt|last-switch))$`)
	ownsContested  = regexp.MustCompile(`"f:(selector|bluegreen/(target-version|retry|phase|message|attempt|last-switch))"`)
)

// mayConflict reports whether a write may have met this conflict. Updates of what has changed since may, and appliers of different
// words. Whoever annotates, patches or is bluegreen makes no applier conflict about an ask, once the webhook has seen it.
func (w *world) mayConflict(this *write, err error) bool {
	if !this.isApply() || !w.disowned[this.id.ObjectKey] {
		return true
	}
	var status apierrors.APIStatus
	return errors.As(err, &status) && !slices.ContainsFunc(status.Status().Details.Causes, func(cause metav1.StatusCause) bool {
		return byUpdater.MatchString(cause.Message) && contestedField.MatchString(cause.Field)
	})
}

// noteOwners notes whether the webhook has seen that no updater owns what an applier may contest.
func (w *world) noteOwners(this *write) {
	if s, is := this.answer.(*corev1.Service); is && !this.dryRun {
		w.disowned[this.id.ObjectKey] = this.serving && managed(s) && disowned(s)
	}
}

// disowned reports whether no updater owns a contested field.
func disowned(s *corev1.Service) bool {
	return !slices.ContainsFunc(s.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.FieldsV1 != nil &&
			ownsContested.Match(entry.FieldsV1.GetRawBytes())
	})
}
