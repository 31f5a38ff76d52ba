package manifests

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	inForeground = "foreground deletion would end its pods at once"
	collector    = "system:serviceaccount:kube-system:generic-garbage-collector"
)

var (
	byDefault  = &client.DeleteOptions{}
	foreground = client.PropagationPolicy(metav1.DeletePropagationForeground)
	background = client.PropagationPolicy(metav1.DeletePropagationBackground)
	orphan     = client.PropagationPolicy(metav1.DeletePropagationOrphan)

	// The old way, which still works.
	orphaned    = &client.DeleteOptions{Raw: &metav1.DeleteOptions{OrphanDependents: new(true)}}  //nolint:staticcheck // That is tested.
	notOrphaned = &client.DeleteOptions{Raw: &metav1.DeleteOptions{OrphanDependents: new(false)}} //nolint:staticcheck // That is tested.
)

// goesToForeground makes a request that leaves the way open a foreground deletion.
var goesToForeground = finalizers(finalizer, metav1.FinalizerDeleteDependents)

// deletions are those of Deployments.
var deletions = map[string]struct {
	deployment deploymentChange
	user       string
	how        client.DeleteOption
	refusal    string
}{
	"in the foreground": {
		deployment: inUse,
		how:        foreground,
		refusal:    inForeground,
	},
	"in the foreground, with more finalizers": {
		deployment: finalizers("a/b", finalizer),
		how:        foreground,
		refusal:    inForeground,
	},
	"in the foreground, by the controller": {
		deployment: inUse,
		user:       controller,
		how:        foreground,
		refusal:    inForeground,
	},
	"in the foreground, by garbage collection": {
		deployment: inUse,
		user:       collector,
		how:        foreground,
		refusal:    inForeground,
	},
	"by default, with the finalizer for it": {
		deployment: goesToForeground,
		how:        byDefault,
		refusal:    inForeground,
	},
	"in the background": {
		deployment: inUse,
		how:        background,
	},
	"in the background, in spite of a finalizer": {
		deployment: goesToForeground,
		how:        background,
	},
	"leaving its pods": {
		deployment: inUse,
		how:        orphan,
	},
	"by default": {
		deployment: inUse,
		how:        byDefault,
	},
	"leaving its pods, the old way": {
		deployment: inUse,
		how:        orphaned,
	},
	"not leaving its pods, the old way": {
		deployment: inUse,
		how:        notOrphaned,
	},
	"the old way, in spite of a finalizer": {
		deployment: goesToForeground,
		how:        notOrphaned,
	},
	"one not in use, in the foreground": {
		deployment: finalizers(),
		how:        foreground,
	},
	"one with foreign finalizers": {
		deployment: finalizers("a/b"),
		how:        foreground,
	},
	"one with foreign finalizers, by default": {
		deployment: finalizers("a/b", metav1.FinalizerDeleteDependents),
		how:        byDefault,
	},
}
