package admission

import (
	"encoding/json"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule6UpdateEntriesLoseExactlyTheContestedFields(t *testing.T) {
	const contestedOnly = `{"f:metadata":{"f:annotations":{"f:bluegreen/message":{},"f:bluegreen/phase":{},` +
		`"f:bluegreen/target-version":{}}},` +
		`"f:spec":{"f:selector":{}}}`
	status := Updated("kube-controller", OwnsAll)
	status.Subresource, status.Time = "status", &metav1.Time{}
	statusAfter := *status.DeepCopy()
	statusAfter.FieldsV1.SetRawString(OwnsTheRest)
	noFields := Updated("nobody", "")
	noFields.FieldsV1 = nil

	for name, test := range map[string]struct{ before, after []metav1.ManagedFieldsEntry }{
		"none":            {},
		"an Update entry": {before: Entries(Updated("kubectl", OwnsAll)), after: Entries(Updated("kubectl", OwnsTheRest))},
		"an Apply entry":  {before: Entries(Applied("helm", OwnsAll)), after: Entries(Applied("helm", OwnsAll))},
		"an emptied entry vanishes": {
			before: Entries(Updated("bluegreen", contestedOnly), Applied("helm", OwnsAll)),
			after:  Entries(Applied("helm", OwnsAll)),
		},
		"all of them":      {before: Entries(Updated("bluegreen", contestedOnly))},
		"of a subresource": {before: Entries(status), after: Entries(statusAfter)},
		"the map itself stays owned": {
			before: Entries(Updated("kubectl-annotate", `{"f:metadata":{"f:annotations":{".":{},"f:bluegreen/target-version":{}}}}`)),
			after:  Entries(Updated("kubectl-annotate", `{"f:metadata":{"f:annotations":{}}}`)),
		},
		"nothing contested, spelled in its own way": {
			before: Entries(Updated("kubectl", ` {"f:spec" : {"f:type":{} }}`)),
			after:  Entries(Updated("kubectl", ` {"f:spec" : {"f:type":{} }}`)),
		},
		"unreadable":          {before: Entries(Updated("odd", `{"f:spec":`)), after: Entries(Updated("odd", `{"f:spec":`))},
		"empty":               {before: Entries(Updated("odd", ``)), after: Entries(Updated("odd", ``))},
		"without a field set": {before: Entries(noFields), after: Entries(noFields)},
		"a selector somewhere else": {
			before: Entries(Updated("a", `{"f:status":{"f:selector":{}}}`)),
			after:  Entries(Updated("a", `{"f:status":{"f:selector":{}}}`)),
		},
		"the keys of a selector": {
			before: Entries(Updated("a", `{"f:spec":{"f:selector":{"f:version":{}},"f:type":{}}}`)),
			after:  Entries(Updated("a", `{"f:spec":{"f:type":{}}}`)),
		},
		"others between keep in order": {
			before: Entries(Applied("a", OwnsAll), Updated("b", contestedOnly), Updated("c", OwnsAll), Applied("d", "{}")),
			after:  Entries(Applied("a", OwnsAll), Updated("c", OwnsTheRest), Applied("d", "{}")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			for who, write := range map[string]serviceWrite{
				"anybody's create": {new: Managed(Owned(test.before...))},
				"anybody's update": {old: Managed(), new: Managed(Owned(test.before...))},
				"the controller's write": {
					old:          Waiting(),
					new:          Waiting(Owned(test.before...)),
					byController: true,
				},
				"an adoption": {old: Service(), new: Service(Asks("1.10"), Owned(test.before...))},
				"giving back": {old: Managed(), new: Service(Owned(test.before...))},
			} {
				before := write.new.DeepCopy()
				sameEntries(t, who, admit(write).Service.ManagedFields, test.after)
				if !reflect.DeepEqual(write.new, before) {
					t.Errorf("%s: the write itself was changed", who)
				}
			}
		})
	}
}

// sameEntries compares field sets by meaning where they are JSON, and by byte where they are not.
func sameEntries(t *testing.T, who string, got, want []metav1.ManagedFieldsEntry) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d entries, want %d", who, len(got), len(want))
		return
	}
	for i := range got {
		if !sameFields(got[i].FieldsV1, want[i].FieldsV1) {
			t.Errorf("%s: entry %d:\n got %s\nwant %s", who, i, got[i].FieldsV1, want[i].FieldsV1)
		}
		a, b := got[i].DeepCopy(), want[i].DeepCopy()
		a.FieldsV1, b.FieldsV1 = nil, nil
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: entry %d: got %v, want %v", who, i, a, b)
		}
	}
}

func sameFields(a, b *metav1.FieldsV1) bool {
	if a == nil || b == nil {
		return a == b
	}
	var parsedA, parsedB any
	if json.Unmarshal(a.GetRawBytes(), &parsedA) != nil || json.Unmarshal(b.GetRawBytes(), &parsedB) != nil {
		return a.Equal(*b)
	}
	return reflect.DeepEqual(parsedA, parsedB)
}

func TestASwitchTakesTheSelectorFromNobodyWhoAppliedIt(t *testing.T) {
	const selectorOnly, ports = `{"f:spec":{"f:selector":{}}}`, `{"f:spec":{"f:ports":{}}}`
	scaled := Applied("helm", ports)
	scaled.Subresource = "status"
	for name, test := range map[string]struct{ before, written, after []metav1.ManagedFieldsEntry }{
		"lost": {
			before:  Entries(Applied("helm", OwnsAll)),
			written: Entries(Applied("helm", OwnsTheRest), Updated("bluegreen", selectorOnly)),
			after:   Entries(Applied("helm", OwnsAll)),
		},
		"lost, and nothing else owned": {
			before:  Entries(Applied("helm", selectorOnly)),
			written: Entries(Updated("bluegreen", selectorOnly)),
			after:   Entries(Applied("helm", selectorOnly)),
		},
		"of several": {
			before:  Entries(Applied("helm", OwnsAll), Applied("argocd", selectorOnly)),
			written: Entries(Applied("helm", OwnsTheRest)),
			after:   Entries(Applied("helm", OwnsAll), Applied("argocd", selectorOnly)),
		},
		"never owned": {
			before:  Entries(Applied("helm", ports)),
			written: Entries(Applied("helm", ports), Updated("bluegreen", selectorOnly)),
			after:   Entries(Applied("helm", ports)),
		},
		"an updater's stays lost": {
			before:  Entries(Updated("kubectl", selectorOnly)),
			written: Entries(Updated("bluegreen", selectorOnly)),
		},
		"another subresource's entries": {
			before:  Entries(Applied("helm", selectorOnly), scaled),
			written: Entries(scaled),
			after:   Entries(scaled, Applied("helm", selectorOnly)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			write := serviceWrite{old: Waiting(Owned(test.before...)), new: Waiting(Owned(test.written...)), byController: true}
			sameEntries(t, "the controller", admit(write).Service.ManagedFields, test.after)
			write.byController = false
			sameEntries(t, "anybody else", admit(write).Service.ManagedFields, disown(test.written))
		})
	}
}

func TestRule6NobodyIsDisownedOnAnUnmanagedService(t *testing.T) {
	for _, old := range Services(nil, Service()) {
		got := admit(serviceWrite{old: old, new: Service(Owned(Updated("kubectl", OwnsAll)))}).Service.ManagedFields
		sameEntries(t, "unmanaged", got, Entries(Updated("kubectl", OwnsAll)))
	}
}
