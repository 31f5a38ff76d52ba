package admission

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// selectorField is one atomic field for server-side apply.
var selectorField = fieldpath.MakePathOrDie("spec", "selector")

// contested are the fields that several writers set in turn: the ask, by whoever asks, and what bluegreen writes.
var contested = fieldpath.NewSet(contestedPaths()...)

func contestedPaths() []fieldpath.Path {
	paths := []fieldpath.Path{selectorField}
	asks := []string{bluegreen.TargetVersion, bluegreen.Follows, bluegreen.PreviewOf, bluegreen.Retry}
	for _, key := range append(asks, bluegreen.OwnKeys...) {
		paths = append(paths, fieldpath.MakePathOrDie("metadata", "annotations", key))
	}
	return paths
}

// owners returns the managed fields that are stored with a write.
func (w ServiceWrite) owners(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	if w.Old.Managed || w.New.Managed {
		entries = Disown(entries)
	}
	if w.ByController && w.Old.Managed {
		entries = keepApplied(w.Old.ManagedFields, entries)
	}
	return entries
}

// Disown removes the contested fields from what writers of operation Update own. spec.selector is one atomic field for
// server-side apply: without this, the next `kubectl apply --server-side` or `helm upgrade` (Helm 4) after bluegreen's own
// write, or after one `kubectl annotate`, fails with a conflict. Entries of operation Apply are the appliers' own business.
func Disown(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	return without(contested, entries, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Operation == metav1.ManagedFieldsOperationUpdate
	})
}

// replicasFields is what a Deployment is scaled by.
var replicasFields = fieldpath.NewSet(fieldpath.MakePathOrDie("spec", "replicas"))

// disownReplicas takes the replicas from all who own them. The controller scales a held Deployment by the scale subresource, and the
// API server then notes it as an owner only if they have one: the next `helm upgrade` (Helm 4) would fail with a conflict.
func disownReplicas(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	return without(replicasFields, entries, func(metav1.ManagedFieldsEntry) bool { return true })
}

// without removes fields from what some entries own. An entry that owns nothing else goes.
func without(fields *fieldpath.Set, entries []metav1.ManagedFieldsEntry,
	some func(metav1.ManagedFieldsEntry) bool) []metav1.ManagedFieldsEntry {
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		if entry.FieldsV1 != nil && some(entry) {
			fields, ok := rest(entry.FieldsV1, fields)
			if !ok {
				continue
			}
			entry.FieldsV1 = fields
		}
		kept = append(kept, entry)
	}
	return kept
}

// rest returns a field set without some fields, or false if nothing is left. A set that cannot be read, or that has none of them, is
// returned as it is.
func rest(fields *metav1.FieldsV1, without *fieldpath.Set) (*metav1.FieldsV1, bool) {
	owned := &fieldpath.Set{}
	if err := owned.FromJSON(fields.GetRawReader()); err != nil {
		return fields, true
	}
	rest := owned.RecursiveDifference(without)
	if rest.Equals(owned) {
		return fields, true
	}
	if rest.Empty() {
		return nil, false
	}
	raw, err := rest.ToJSON()
	if err != nil {
		return fields, true
	}
	return metav1.NewFieldsV1(string(raw)), true
}

// keepApplied gives the entries of operation Apply back what bluegreen's own write of spec.selector took from them. Their next
// apply of the same manifest then changes nothing at all, and the owners of the selector are those who put it in a manifest.
func keepApplied(before, after []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	kept := slices.Clone(after)
	for _, old := range before {
		if old.Operation != metav1.ManagedFieldsOperationApply || !ownsSelector(old.FieldsV1) {
			continue
		}
		same := func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Operation == old.Operation && entry.Manager == old.Manager &&
				entry.APIVersion == old.APIVersion && entry.Subresource == old.Subresource
		}
		if i := slices.IndexFunc(kept, same); i >= 0 {
			kept[i] = old
		} else {
			kept = append(kept, old)
		}
	}
	return kept
}

func ownsSelector(fields *metav1.FieldsV1) bool {
	owned := &fieldpath.Set{}
	return fields != nil && owned.FromJSON(fields.GetRawReader()) == nil && owned.Has(selectorField)
}
