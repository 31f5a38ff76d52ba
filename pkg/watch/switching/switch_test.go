package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// askedToMove begins the first Event of an ask.
const askedToMove = "Asked to move from version 1.10 to version 1.11: "

func TestASwitchIsOnePatchOfSelectorAndPhaseWithTheResourceVersion(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Ready("nginx-1.11"))
	before := server.Service()
	expect(server, outcome{
		live:    Green,
		phase:   "Stable",
		patches: 1,
		said:    []string{"Normal Switched Traffic moved from version 1.10 to version 1.11"},
	})
	want := fmt.Sprintf(`{"metadata":{"annotations":{"bluegreen/last-switch":"1.10/1.11/2026-11-28T08:00:00Z/1/version",`+
		`"bluegreen/phase":"Stable"},"resourceVersion":"%s"},"spec":{"selector":{"version":"1.11"}}}`, before.ResourceVersion)
	if server.Patches[0] != want {
		t.Errorf("got %s", server.Patches[0])
	}
	expect(server, outcome{live: Green, phase: "Stable"})

	after := server.Service()
	after.Spec.Selector, after.ResourceVersion = before.Spec.Selector, before.ResourceVersion
	delete(after.Annotations, bluegreen.PhaseKey)
	delete(after.Annotations, bluegreen.LastSwitchKey)
	if !reflect.DeepEqual(after, before) {
		t.Errorf("more than selector and phase changed:\n got %v\nwant %v", after, before)
	}
}

func TestAPendingSwitchIsSaidOnceAndThenNothingIsWritten(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Starting("nginx-1.11"))
	expect(server, outcome{
		live:    Blue,
		phase:   "Waiting",
		patches: 1,
		said:    []string{"Normal NotAvailable " + askedToMove + "Deployment nginx-1.11: waiting for MinimumReplicasAvailable"},
	})
	expect(server, outcome{live: Blue, phase: "Waiting"})
}

func TestSeveralDeploymentsThatAreNotReadyDoNotMakeTheMessageFlap(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Starting("c"), Starting("a"), Starting("b"))
	expect(server, outcome{
		live:    Blue,
		phase:   "Waiting",
		patches: 1,
		said:    []string{"Normal NotAvailable " + askedToMove + "Deployment a: waiting for MinimumReplicasAvailable"},
	})
	for range 10 {
		expect(server, outcome{live: Blue, phase: "Waiting"})
	}
}

func TestDeploymentsOfOtherNamespacesDoNotCount(t *testing.T) {
	elsewhere := Ready("nginx-1.11")
	elsewhere.Namespace = "other"
	server := NewAPIServer(t, Asking(Green), elsewhere)
	expect(server, outcome{
		live:    Blue,
		phase:   "Waiting",
		patches: 1,
		said: []string{"Normal DeploymentNotFound " + askedToMove +
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
	})
}

func TestABadValueThatTheWebhookNeverSawIsSaidAndMovesNothing(t *testing.T) {
	server := NewAPIServer(t, Asking("not a label!"), Ready("nginx-1.11"))
	said, err := reconciled(server)
	const want = `Warning Invalid metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!"`
	if err != nil || len(said) != 1 || !strings.HasPrefix(said[0], want) {
		t.Errorf("said %q, %v", said, err)
	}
	expect(server, outcome{live: Blue, phase: "Waiting"})
}

func TestGivingBackThatTheWebhookNeverSawTakesOurAnnotationsAndNobodyElses(t *testing.T) {
	for name, others := range map[string]map[string]string{
		"with others' annotations": {"example.org/load-balancer": "internal"},
		"with none":                nil,
	} {
		t.Run(name, func(t *testing.T) {
			service := Nginx()
			service.Annotations = map[string]string{bluegreen.PhaseKey: "Waiting", bluegreen.MessageKey: "not yet"}
			maps.Copy(service.Annotations, others)
			server := NewAPIServer(t, service)
			expect(server, outcome{live: Blue, patches: 1})
			if got := server.Service().Annotations; !maps.Equal(got, others) {
				t.Errorf("got %v, want %v", got, others)
			}
			expect(server, outcome{live: Blue})
		})
	}
}

func TestServicesAtRestAndUnmanagedOnesAreNotWritten(t *testing.T) {
	atRest := Asking(Blue)
	atRest.Annotations[bluegreen.PhaseKey] = "Stable"
	expect(NewAPIServer(t, atRest, Ready("nginx-1.11")), outcome{live: Blue, phase: "Stable"})
	expect(NewAPIServer(t, Nginx(), Ready("nginx-1.11")), outcome{live: Blue})
}
