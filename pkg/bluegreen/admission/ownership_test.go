package admission

import (
	"encoding/json"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule6UpdateEntriesLoseExactlyTheContestedFields(t *testing.T) {
	const contestedOnly = `{"f:metadata":{"f:annotations":{"f:bluegreen/message":{},"f:bluegreen/phase":{},"f:bluegreen/target-version":{}}},"f:spec":{"f:selector":{}}}`
	status := Updated("kube-controller", OwnsAll)
	status.Subresource, status.Time = "status", &metav1.Time{}
	statusAfter := *status.DeepCopy()
	statusAfter.FieldsV1.SetRawString(OwnsTheRest)
	noFields := Updated("nobody", "")
	noFields.FieldsV1 = nil

	for name, test := range map[string]struct{ before, after []metav1.ManagedFieldsEntry }{
		"none":                       {nil, nil},
		"an Update entry":            {Entries(Updated("kubectl", OwnsAll)), Entries(Updated("kubectl", OwnsTheRest))},
		"an Apply entry":             {Entries(Applied("helm", OwnsAll)), Entries(Applied("helm", OwnsAll))},
		"an emptied entry vanishes":  {Entries(Updated("bluegreen", contestedOnly), Applied("helm", OwnsAll)), Entries(Applied("helm", OwnsAll))},
		"all of them":                {Entries(Updated("bluegreen", contestedOnly)), nil},
		"of a subresource":           {Entries(status), Entries(statusAfter)},
		"the map itself stays owned": {Entries(Updated("kubectl-annotate", `{"f:metadata":{"f:annotations":{".":{},"f:bluegreen/target-version":{}}}}`)), Entries(Updated("kubectl-annotate", `{"f:metadata":{"f:annotations":{}}}`))},
		"nothing contested, spelled in its own way": {Entries(Updated("kubectl", ` {"f:spec" : {"f:type":{} }}`)), Entries(Updated("kubectl", ` {"f:spec" : {"f:type":{} }}`))},
		"unreadable":                   {Entries(Updated("odd", `{"f:spec":`)), Entries(Updated("odd", `{"f:spec":`))},
		"empty":                        {Entries(Updated("odd", ``)), Entries(Updated("odd", ``))},
		"without a field set":          {Entries(noFields), Entries(noFields)},
		"a selector somewhere else":    {Entries(Updated("a", `{"f:status":{"f:selector":{}}}`)), Entries(Updated("a", `{"f:status":{"f:selector":{}}}`))},
		"the keys of a selector":       {Entries(Updated("a", `{"f:spec":{"f:selector":{"f:version":{}},"f:type":{}}}`)), Entries(Updated("a", `{"f:spec":{"f:type":{}}}`))},
		"others between keep in order": {Entries(Applied("a", OwnsAll), Updated("b", contestedOnly), Updated("c", OwnsAll), Applied("d", "{}")), Entries(Applied("a", OwnsAll), Updated("c", OwnsTheRest), Applied("d", "{}"))},
	} {
		t.Run(name, func(t *testing.T) {
			for who, write := range map[string]serviceWrite{
				"anybody's create":       {New: Managed(Owned(test.before...))},
				"anybody's update":       {Old: Managed(), New: Managed(Owned(test.before...))},
				"the controller's write": {Old: Waiting(), New: Waiting(Owned(test.before...)), ByController: true},
				"an adoption":            {Old: Service(), New: Service(Asks("1.10"), Owned(test.before...))},
				"a release":              {Old: Managed(), New: Service(Owned(test.before...))},
			} {
				before := write.New.DeepCopy()
				sameEntries(t, who, admit(write).Service.ManagedFields, test.after)
				if !reflect.DeepEqual(write.New, before) {
					t.Errorf("%s: the write itself was changed", who)
				}
			}
		})
	}
}

func TestASwitchTakesTheSelectorFromNobodyWhoAppliedIt(t *testing.T) {
	const selectorOnly, ports = `{"f:spec":{"f:selector":{}}}`, `{"f:spec":{"f:ports":{}}}`
	scaled := Applied("helm", ports)
	scaled.Subresource = "status"
	for name, test := range map[string]struct{ before, written, after []metav1.ManagedFieldsEntry }{
		"lost":                          {Entries(Applied("helm", OwnsAll)), Entries(Applied("helm", OwnsTheRest), Updated("bluegreen", selectorOnly)), Entries(Applied("helm", OwnsAll))},
		"lost, and nothing else owned":  {Entries(Applied("helm", selectorOnly)), Entries(Updated("bluegreen", selectorOnly)), Entries(Applied("helm", selectorOnly))},
		"of several":                    {Entries(Applied("helm", OwnsAll), Applied("argocd", selectorOnly)), Entries(Applied("helm", OwnsTheRest)), Entries(Applied("helm", OwnsAll), Applied("argocd", selectorOnly))},
		"never owned":                   {Entries(Applied("helm", ports)), Entries(Applied("helm", ports), Updated("bluegreen", selectorOnly)), Entries(Applied("helm", ports))},
		"an updater's stays lost":       {Entries(Updated("kubectl", selectorOnly)), Entries(Updated("bluegreen", selectorOnly)), nil},
		"another subresource's entries": {Entries(Applied("helm", selectorOnly), scaled), Entries(scaled), Entries(scaled, Applied("helm", selectorOnly))},
	} {
		t.Run(name, func(t *testing.T) {
			write := serviceWrite{Old: Waiting(Owned(test.before...)), New: Waiting(Owned(test.written...)), ByController: true}
			sameEntries(t, "the controller", admit(write).Service.ManagedFields, test.after)
			write.ByController = false
			sameEntries(t, "anybody else", admit(write).Service.ManagedFields, Disown(test.written))
		})
	}
}

func TestRule6NobodyIsDisownedOnAnUnmanagedService(t *testing.T) {
	for _, old := range []*corev1.Service{nil, Service()} {
		got := admit(serviceWrite{Old: old, New: Service(Owned(Updated("kubectl", OwnsAll)))}).Service.ManagedFields
		sameEntries(t, "unmanaged", got, Entries(Updated("kubectl", OwnsAll)))
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
