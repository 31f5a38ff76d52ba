//go:build e2e

package clients

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// moves are what is expected of traffic in a cell, beside a watch of every state of the Service.
type moves struct {
	namespace *namespace
	watching  watch.Interface
	// expected are the versions to which traffic was expected to move so far.
	expected []string
}

// watchMoves watches Service web until the test ends.
func watchMoves(ns *namespace) *moves {
	ns.Helper()
	options := metav1.ListOptions{FieldSelector: harness.Named(service).String()}
	watching, err := cluster.CoreV1().Services(ns.name).Watch(ns.Context(), options)
	if err != nil {
		ns.Fatal(err)
	}
	ns.Cleanup(watching.Stop)
	return &moves{namespace: ns, watching: watching}
}

// expect adds a version to which traffic moves.
func (moves *moves) expect(version string) { moves.expected = append(moves.expected, version) }

// overLabel is written on a Service when all is done.
const overLabel = "clients-test-is-over"

// assert compares every state of the Service with what was expected of traffic: in no other moment did it move.
func (moves *moves) assert() {
	ns := moves.namespace
	ns.Helper()
	// The end of what is to be seen is a write of ours.
	patch := []byte(`{"metadata":{"labels":{"` + overLabel + `":""}}}`)
	_, err := cluster.CoreV1().Services(ns.name).Patch(ns.Context(), service, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		ns.Fatal(err)
	}
	if seen := moves.seen(); !slices.Equal(seen, moves.expected) {
		ns.Errorf("traffic moved to %q, expected %q", seen, moves.expected)
	}
}

// seen returns the versions to which the watch saw traffic move, until the Service has the label of the end.
func (moves *moves) seen() []string {
	ns := moves.namespace
	ns.Helper()
	ctx, cancel := context.WithTimeout(ns.Context(), harness.Patience)
	defer cancel()
	var versions []string
	var selector string
	_, err := watchtools.UntilWithoutRetry(ctx, moves.watching, func(event watch.Event) (bool, error) {
		seen, ok := event.Object.(*corev1.Service)
		if !ok {
			return false, fmt.Errorf("unexpected %v", event)
		}
		now := metav1.FormatLabelSelector(metav1.SetAsLabelSelector(seen.Spec.Selector))
		if event.Type != watch.Deleted && now != selector {
			if selector != "" {
				versions = append(versions, seen.Spec.Selector["version"])
			}
			selector = now
		}
		_, over := seen.Labels[overLabel]
		return over, nil
	})
	if err != nil {
		ns.Fatalf("looking at what the watch saw: %v", err)
	}
	return versions
}
