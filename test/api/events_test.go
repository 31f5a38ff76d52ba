package api

import (
	"context"
	"strings"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// told watches the Events of a namespace until one has a reason, and returns what it is about and says.
func told(t *testing.T, namespace, reason string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	watcher, err := admin.Watch(ctx, &eventsv1.EventList{}, client.InNamespace(namespace), client.MatchingFields{"reason": reason})
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if event, is := event.Object.(*eventsv1.Event); is {
			return event.Regarding.Kind + "/" + event.Regarding.Name + ": " + event.Note
		}
	}
	t.Fatalf("no Event %s within %v", reason, patience)
	return ""
}

// TestEventsTellWhatWarningsDo: a GitOps tool shows its user no warnings, and a deletion comes with none. Two replicas see every
// change, and one of them tells.
func TestEventsTellWhatWarningsDo(t *testing.T) {
	shipped.StartFor(t)
	shipped.StartFor(t)
	nginx, blue, green := protectedPair(t)
	ns := nginx.Namespace

	if err := admin.Patch(t.Context(), nginx, selectorPatch("1.11")); err != nil {
		t.Fatal(err)
	}
	if got := told(t, ns, "NotStored"); !strings.HasPrefix(got, "Service/nginx: bluegreen: spec.selector[version]: traffic stays on version 1.10") {
		t.Errorf("of a selector that nobody asks for: %s", got)
	}

	ask(t, nginx, "1.11")
	if err := admin.Delete(t.Context(), blue, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	want := "Deployment/nginx-1.10: is being deleted, and its pods are kept while Service nginx uses it; "
	if got := told(t, ns, "DeletionHeld"); !strings.HasPrefix(got, want) {
		t.Errorf("of a deletion that waits: %s", got)
	}

	available(t, green, true)
	deploymentUntil(t, blue, "the end of blue", gone)
	if err := admin.Patch(t.Context(), nginx, client.RawPatch("application/merge-patch+json",
		[]byte(`{"metadata":{"annotations":{"bluegreen/target-version":null}}}`))); err != nil {
		t.Fatal(err)
	}
	if got := told(t, ns, "NotManaged"); !strings.HasPrefix(got, "Service/nginx: bluegreen/target-version removed") {
		t.Errorf("of a Service that is given back: %s", got)
	}
	for _, reason := range []string{"DeletionHeld", "NotManaged"} {
		var list eventsv1.EventList
		if err := admin.List(t.Context(), &list, client.InNamespace(ns), client.MatchingFields{"reason": reason}); err != nil {
			t.Fatal(err)
		}
		if len(list.Items) != 1 || list.Items[0].Series != nil {
			t.Errorf("told more than once: %+v", list.Items)
		}
	}
}
