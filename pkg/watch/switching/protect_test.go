package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestATargetThatIsNotReadyLosesTheNoteOfACopiedManifest: with the finalizer, the note would count.
func TestATargetThatIsNotReadyLosesTheNoteOfACopiedManifest(t *testing.T) {
	copied := Changed(Starting("nginx-1.11"), func(d *appsv1.Deployment) {
		d.Annotations = map[string]string{bluegreen.Serves: NoteServing(Blue)}
	})
	server := NewAPIServer(t, Asking(Green), copied)
	if err := reconciledWithProtection(server); err != nil {
		t.Fatal(err)
	}
	if after := server.Stored(copied); !bluegreen.Protected(after) || after.Annotations[bluegreen.Serves] != "" {
		t.Errorf("got %v, %v", after.Finalizers, after.Annotations)
	}
}

// TestAStaleCacheNotesNothing: the Deployment was relabelled since.
func TestAStaleCacheNotesNothing(t *testing.T) {
	slot := Changed(Ready("nginx"), func(d *appsv1.Deployment) {
		d.Spec.Template.Labels["version"] = Blue
		d.Spec.Selector.MatchLabels = map[string]string{"name": "nginx"}
	})
	server := NewAPIServer(t, OnVersion(Blue), slot)
	server.CacheHolds(server.DeploymentsInCache()...)
	relabelled := server.Stored(slot)
	relabelled.Spec.Template.Labels["version"] = Green
	if err := server.Patch(t.Context(), relabelled, client.MergeFrom(slot)); err != nil {
		t.Fatal(err)
	}
	if err := reconciledWithProtection(server); err != nil {
		t.Error(err)
	}
	if after := server.Stored(slot); bluegreen.Protected(after) || after.Annotations[bluegreen.Serves] != "" {
		t.Errorf("noted %v, %v", after.Finalizers, after.Annotations)
	}
}
