package switching

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

func TestASwitchIsOnePatchOfSelectorAndPhaseWithTheResourceVersion(t *testing.T) {
	c := newServer(t, Asking(Green), Ready("nginx-1.11"))
	before := c.stored()
	c.expect(Green, "Stable", 1, "Normal Switched Traffic moved from version 1.10 to version 1.11")
	want := fmt.Sprintf(`{"metadata":{"annotations":{"bluegreen/phase":"Stable"},"resourceVersion":"%s"},"spec":{"selector":{"version":"1.11"}}}`, before.ResourceVersion)
	if c.patches[0] != want {
		t.Errorf("got %s", c.patches[0])
	}
	c.expect(Green, "Stable", 0)

	after := c.stored()
	after.Spec.Selector, after.ResourceVersion = before.Spec.Selector, before.ResourceVersion
	delete(after.Annotations, bluegreen.PhaseKey)
	if !reflect.DeepEqual(after, before) {
		t.Errorf("more than selector and phase changed:\n got %v\nwant %v", after, before)
	}
}

func TestAHeldSwitchIsSaidOnceAndThenNothingIsWritten(t *testing.T) {
	c := newServer(t, Asking(Green), Starting("nginx-1.11"))
	c.expect(Blue, "Waiting", 1, "Normal NotAvailable Deployment nginx-1.11: waiting for MinimumReplicasAvailable")
	c.expect(Blue, "Waiting", 0)
}

func TestSeveralHeldDeploymentsDoNotMakeTheMessageFlap(t *testing.T) {
	c := newServer(t, Asking(Green), Starting("c"), Starting("a"), Starting("b"))
	c.expect(Blue, "Waiting", 1, "Normal NotAvailable Deployment a: waiting for MinimumReplicasAvailable")
	for range 10 {
		c.expect(Blue, "Waiting", 0)
	}
}

func TestDeploymentsOfOtherNamespacesDoNotCount(t *testing.T) {
	elsewhere := Ready("nginx-1.11")
	elsewhere.Namespace = "other"
	c := newServer(t, Asking(Green), elsewhere)
	c.expect(Blue, "Waiting", 1, "Normal DeploymentNotFound No Deployment has pods labelled name=nginx,version=1.11: "+
		"create it, or set bluegreen/target-version to a version that runs")
}

func TestABadValueThatTheWebhookNeverSawIsSaidAndMovesNothing(t *testing.T) {
	c := newServer(t, Asking("not a label!"), Ready("nginx-1.11"))
	said, err := c.reconcile()
	if err != nil || len(said) != 1 || !strings.HasPrefix(said[0], `Warning Invalid metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!"`) {
		t.Errorf("said %q, %v", said, err)
	}
	c.expect(Blue, "Waiting", 0)
}

func TestAReleaseThatTheWebhookNeverSawTakesOurAnnotationsAndNobodyElses(t *testing.T) {
	for name, others := range map[string]map[string]string{
		"with others' annotations": {"example.org/load-balancer": "internal"},
		"with none":                nil,
	} {
		t.Run(name, func(t *testing.T) {
			service := Nginx(nil)
			service.Annotations = map[string]string{bluegreen.PhaseKey: "Waiting", bluegreen.MessageKey: "not yet"}
			maps.Copy(service.Annotations, others)
			c := newServer(t, service)
			c.expect(Blue, "", 1)
			if got := c.stored().Annotations; !maps.Equal(got, others) {
				t.Errorf("got %v, want %v", got, others)
			}
			c.expect(Blue, "", 0)
		})
	}
}

func TestServicesAtRestAndUnmanagedOnesAreNotWritten(t *testing.T) {
	atRest := Asking(Blue)
	atRest.Annotations[bluegreen.PhaseKey] = "Stable"
	newServer(t, atRest, Ready("nginx-1.11")).expect(Blue, "Stable", 0)
	newServer(t, Nginx(nil), Ready("nginx-1.11")).expect(Blue, "", 0)
}

func TestAnEventOfADeploymentReachesExactlyTheServicesThatWaitForIt(t *testing.T) {
	other := Asking("1.12")
	other.Name = "other-version"
	elsewhere := Asking(Green)
	elsewhere.Namespace = "other"
	atRest := Asking(Blue)
	atRest.Name = "at-rest"
	own := Asking("nginx")
	own.Name = "own-label"
	own.Annotations[bluegreen.VersionLabel] = "name"
	own.Spec.Selector = map[string]string{"version": Green}
	c := newServer(t, Asking(Green), other, elsewhere, atRest, own)
	controller := New(cluster.New(c.Client, c.Client, c.recorder), false)

	var got []string
	for _, request := range controller.servicesOf(context.Background(), Ready("nginx-1.11")) {
		got = append(got, request.String())
	}
	slices.Sort(got)
	if want := []string{"shop/nginx", "shop/own-label"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	unlabelled := Ready("nginx-1.11")
	unlabelled.Spec.Template.Labels = nil
	if got := controller.servicesOf(context.Background(), unlabelled); !slices.Equal(got, []client.ObjectKey(nil)) {
		t.Errorf("got %v", got)
	}
}

// TestATargetThatWaitsLosesTheNoteOfACopiedManifest: the finalizer would make it count.
func TestATargetThatWaitsLosesTheNoteOfACopiedManifest(t *testing.T) {
	copied := Starting("nginx-1.11")
	copied.Annotations = map[string]string{bluegreen.Serves: "name=nginx,version=1.10"}
	stored := Builder(t, cluster.AddIndexes).WithObjects(Asking(Green), copied).Build()
	controller := New(cluster.New(stored, stored, events.NewFakeRecorder(10)), true)
	service := &corev1.Service{}
	if err := stored.Get(t.Context(), client.ObjectKeyFromObject(Asking(Green)), service); err != nil {
		t.Fatal(err)
	}
	if _, err := controller.Reconcile(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	if after := Current(t, stored, copied); !bluegreen.Protected(after) || after.Annotations[bluegreen.Serves] != "" {
		t.Errorf("got %v, %v", after.Finalizers, after.Annotations)
	}
}
