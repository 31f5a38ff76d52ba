package bluegreen

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// contested are the fields that several writers set in turn: the ask, by whoever asks, and what bluegreen writes.
var contested = fieldpath.NewSet(contestedPaths()...)

func contestedPaths() []fieldpath.Path {
	paths := []fieldpath.Path{fieldpath.MakePathOrDie("spec", "selector")}
	for _, key := range append([]string{TargetVersion}, ownKeys...) {
		paths = append(paths, fieldpath.MakePathOrDie("metadata", "annotations", key))
	}
	return paths
}

// scaled is what a scale-down by bluegreen leaves in its hands.
var scaled = fieldpath.NewSet(fieldpath.MakePathOrDie("spec", "replicas"))

// Disown removes the contested fields from what writers of operation Update own. spec.selector is one atomic field for
// server-side apply: without this, the next `kubectl apply --server-side` or `helm upgrade` (Helm 4) after bluegreen's own
// write, or after one `kubectl annotate`, fails with a conflict. Entries of operation Apply are the appliers' own business.
func Disown(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	return disown(entries, contested, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Operation == metav1.ManagedFieldsOperationUpdate
	})
}

// DisownReplicas removes spec.replicas from what one writer of operation Update owns, for the same reason: the next upgrade
// that gives a Deployment replicas would conflict with the scale-down that was done for the upgrade before.
func DisownReplicas(entries []metav1.ManagedFieldsEntry, manager string) []metav1.ManagedFieldsEntry {
	return disown(entries, scaled, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Manager == manager
	})
}

// disown returns the entries with some fields taken from those that match; an entry that owns nothing else is left out.
func disown(entries []metav1.ManagedFieldsEntry, fields *fieldpath.Set, match func(metav1.ManagedFieldsEntry) bool) []metav1.ManagedFieldsEntry {
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		if match(entry) && entry.FieldsV1 != nil {
			rest, ok := difference(entry.FieldsV1, fields)
			if !ok {
				continue
			}
			entry.FieldsV1 = rest
		}
		kept = append(kept, entry)
	}
	return kept
}

// difference returns what is left of owned fields, or false when nothing is. Fields that cannot be read, or of which nothing
// goes, are returned as they are.
func difference(fields *metav1.FieldsV1, minus *fieldpath.Set) (*metav1.FieldsV1, bool) {
	owned := &fieldpath.Set{}
	if err := owned.FromJSON(fields.GetRawReader()); err != nil {
		return fields, true
	}
	rest := owned.RecursiveDifference(minus)
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
