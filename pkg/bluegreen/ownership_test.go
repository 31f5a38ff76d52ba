package bluegreen

import (
	"encoding/json"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func entry(operation metav1.ManagedFieldsOperationType, manager, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, APIVersion: "v1", FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(fields)}
}

func update(manager, fields string) metav1.ManagedFieldsEntry {
	return entry(metav1.ManagedFieldsOperationUpdate, manager, fields)
}

func applied(manager, fields string) metav1.ManagedFieldsEntry {
	return entry(metav1.ManagedFieldsOperationApply, manager, fields)
}

const ownsAll = `{"f:metadata":{"f:annotations":{".":{},"f:bluegreen/message":{},"f:bluegreen/phase":{},"f:bluegreen/target-version":{},` +
	`"f:bluegreen/version-label":{},"f:example.org/a":{}},"f:labels":{"f:app":{}}},"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:selector":{},"f:type":{}}}`

const ownsTheRest = `{"f:metadata":{"f:annotations":{".":{},"f:bluegreen/version-label":{},"f:example.org/a":{}},"f:labels":{"f:app":{}}},` +
	`"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:type":{}}}`

func TestRule6UpdateEntriesLoseExactlyTheContestedFields(t *testing.T) {
	const contestedOnly = `{"f:metadata":{"f:annotations":{"f:bluegreen/message":{},"f:bluegreen/phase":{},"f:bluegreen/target-version":{}}},"f:spec":{"f:selector":{}}}`
	status := update("kube-controller", ownsAll)
	status.Subresource, status.Time = "status", &metav1.Time{}
	statusAfter := *status.DeepCopy()
	statusAfter.FieldsV1.SetRawString(ownsTheRest)
	noFields := update("nobody", "")
	noFields.FieldsV1 = nil

	for name, test := range map[string]struct{ before, after []metav1.ManagedFieldsEntry }{
		"none":                       {nil, nil},
		"an Update entry":            {entries(update("kubectl", ownsAll)), entries(update("kubectl", ownsTheRest))},
		"an Apply entry":             {entries(applied("helm", ownsAll)), entries(applied("helm", ownsAll))},
		"an emptied entry vanishes":  {entries(update("bluegreen", contestedOnly), applied("helm", ownsAll)), entries(applied("helm", ownsAll))},
		"all of them":                {entries(update("bluegreen", contestedOnly)), nil},
		"of a subresource":           {entries(status), entries(statusAfter)},
		"the map itself stays owned": {entries(update("kubectl-annotate", `{"f:metadata":{"f:annotations":{".":{},"f:bluegreen/target-version":{}}}}`)), entries(update("kubectl-annotate", `{"f:metadata":{"f:annotations":{}}}`))},
		"nothing contested, spelled in its own way": {entries(update("kubectl", ` {"f:spec" : {"f:type":{} }}`)), entries(update("kubectl", ` {"f:spec" : {"f:type":{} }}`))},
		"unreadable":                   {entries(update("odd", `{"f:spec":`)), entries(update("odd", `{"f:spec":`))},
		"empty":                        {entries(update("odd", ``)), entries(update("odd", ``))},
		"without a field set":          {entries(noFields), entries(noFields)},
		"a selector somewhere else":    {entries(update("a", `{"f:status":{"f:selector":{}}}`)), entries(update("a", `{"f:status":{"f:selector":{}}}`))},
		"the keys of a selector":       {entries(update("a", `{"f:spec":{"f:selector":{"f:version":{}},"f:type":{}}}`)), entries(update("a", `{"f:spec":{"f:type":{}}}`))},
		"others between keep in order": {entries(applied("a", ownsAll), update("b", contestedOnly), update("c", ownsAll), applied("d", "{}")), entries(applied("a", ownsAll), update("c", ownsTheRest), applied("d", "{}"))},
	} {
		t.Run(name, func(t *testing.T) {
			for who, write := range map[string]Write{
				"anybody's create":       {New: managed(owned(test.before...))},
				"anybody's update":       {Old: managed(), New: managed(owned(test.before...))},
				"the controller's write": {Old: waiting(), New: waiting(owned(test.before...)), ByController: true},
				"an adoption":            {Old: service(), New: service(asks("1.10"), owned(test.before...))},
				"a release":              {Old: managed(), New: service(owned(test.before...))},
			} {
				before := write.New.DeepCopy()
				sameEntries(t, who, Admit(write).Service.ManagedFields, test.after)
				if !reflect.DeepEqual(write.New, before) {
					t.Errorf("%s: the write itself was changed", who)
				}
			}
		})
	}
}

func entries(all ...metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry { return all }

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
	scaled := applied("helm", ports)
	scaled.Subresource = "status"
	for name, test := range map[string]struct{ before, written, after []metav1.ManagedFieldsEntry }{
		"lost":                          {entries(applied("helm", ownsAll)), entries(applied("helm", ownsTheRest), update("bluegreen", selectorOnly)), entries(applied("helm", ownsAll))},
		"lost, and nothing else owned":  {entries(applied("helm", selectorOnly)), entries(update("bluegreen", selectorOnly)), entries(applied("helm", selectorOnly))},
		"of several":                    {entries(applied("helm", ownsAll), applied("argocd", selectorOnly)), entries(applied("helm", ownsTheRest)), entries(applied("helm", ownsAll), applied("argocd", selectorOnly))},
		"never owned":                   {entries(applied("helm", ports)), entries(applied("helm", ports), update("bluegreen", selectorOnly)), entries(applied("helm", ports))},
		"an updater's stays lost":       {entries(update("kubectl", selectorOnly)), entries(update("bluegreen", selectorOnly)), nil},
		"another subresource's entries": {entries(applied("helm", selectorOnly), scaled), entries(scaled), entries(scaled, applied("helm", selectorOnly))},
	} {
		t.Run(name, func(t *testing.T) {
			write := Write{Old: waiting(owned(test.before...)), New: waiting(owned(test.written...)), ByController: true}
			sameEntries(t, "the controller", Admit(write).Service.ManagedFields, test.after)
			write.ByController = false
			sameEntries(t, "anybody else", Admit(write).Service.ManagedFields, Disown(test.written))
		})
	}
}

func TestRule6NobodyIsDisownedOnAnUnmanagedService(t *testing.T) {
	for _, old := range []*corev1.Service{nil, service()} {
		got := Admit(Write{Old: old, New: service(owned(update("kubectl", ownsAll)))}).Service.ManagedFields
		sameEntries(t, "unmanaged", got, entries(update("kubectl", ownsAll)))
	}
}
