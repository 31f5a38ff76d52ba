package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// reconciled runs a controller that protects nothing once, on the Service as it is, and returns the Events.
func reconciled(server *APIServer) (said []string, err error) {
	server.T.Helper()
	return reconciledAsSeen(server, server.ServiceInCache())
}

// reconciledAsSeen runs it on the Service as it was before.
func reconciledAsSeen(server *APIServer, seen *corev1.Service) (said []string, err error) {
	server.T.Helper()
	return reconcileService(server, newController(server, setup{}), seen)
}

// reconciledWithProtection runs a controller that protects Deployments in use.
func reconciledWithProtection(server *APIServer) error {
	server.T.Helper()
	controller := newController(server, setup{protection: true})
	_, err := reconcileService(server, controller, server.ServiceInCache())
	return err
}

// outcome is what one reconciliation leaves.
type outcome struct {
	live    string // The version that has the traffic.
	phase   string
	patches int
	said    []string
}

// expect reconciles the Service once, and compares the outcome.
func expect(server *APIServer, want outcome) {
	server.T.Helper()
	before := len(server.Patches)
	said, err := reconciled(server)
	if err != nil {
		server.T.Fatal(err)
	}
	expectTraffic(server, want.live, want.phase)
	if !slices.Equal(said, want.said) {
		server.T.Errorf("said %q, want %q", said, want.said)
	}
	if sent := server.Patches[before:]; len(sent) != want.patches {
		server.T.Errorf("%d patches, want %d: %s", len(sent), want.patches, sent)
	}
}

// expectTraffic compares the version that is live, and the phase.
func expectTraffic(server *APIServer, live, phase string) {
	server.T.Helper()
	service := server.Service()
	if service.Spec.Selector["version"] != live || service.Annotations[bluegreen.PhaseKey] != phase {
		server.T.Errorf("traffic is on %v, phase %q; want version %s, phase %q",
			service.Spec.Selector, service.Annotations[bluegreen.PhaseKey], live, phase)
	}
}

// expectNothingSaidOrSent compares the Events and patches since the server was made with none.
func expectNothingSaidOrSent(server *APIServer, said []string) {
	server.T.Helper()
	if len(server.Patches) > 0 || len(said) > 0 {
		server.T.Errorf("%d patches, said %q", len(server.Patches), said)
	}
}
