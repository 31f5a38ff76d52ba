package bluegreentest

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OwnsAll is the field set of a writer who set everything that a Service here has.
const OwnsAll = `{"f:metadata":{"f:annotations":{".":{},"f:bluegreen/attempt":{},"f:bluegreen/follows":{},` +
	`"f:bluegreen/last-switch":{},"f:bluegreen/message":{},"f:bluegreen/phase":{},"f:bluegreen/preview-of":{},"f:bluegreen/retry":{},` +
	`"f:bluegreen/target-version":{},"f:bluegreen/version-label":{},"f:example.org/a":{}},"f:labels":{"f:app":{}}},` +
	`"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:selector":{},"f:type":{}}}`

// OwnsTheRest is OwnsAll without the fields that bluegreen contests.
const OwnsTheRest = `{"f:metadata":{"f:annotations":{".":{},"f:bluegreen/version-label":{},"f:example.org/a":{}},` +
	`"f:labels":{"f:app":{}}},"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:type":{}}}`

// Updated is what a manager owns by plain updates.
func Updated(manager, fields string) metav1.ManagedFieldsEntry {
	return entry(metav1.ManagedFieldsOperationUpdate, manager, fields)
}

// Applied is what a manager owns by server-side apply.
func Applied(manager, fields string) metav1.ManagedFieldsEntry {
	return entry(metav1.ManagedFieldsOperationApply, manager, fields)
}

// Entries are the managed fields of an object.
func Entries(all ...metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry { return all }

func entry(operation metav1.ManagedFieldsOperationType, manager, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager:    manager,
		Operation:  operation,
		APIVersion: "v1",
		FieldsType: "FieldsV1",
		FieldsV1:   metav1.NewFieldsV1(fields),
	}
}
