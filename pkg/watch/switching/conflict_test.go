package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

func TestSomebodyFasterIsNoErrorAndNoEvent(t *testing.T) {
	services := corev1.Resource("services")
	for name, test := range map[string]struct {
		refusal error
		faster  func(*APIServer) error
	}{
		"conflict": {
			refusal: apierrors.NewConflict(services, "nginx", errors.New("changed")),
			faster: func(server *APIServer) error {
				labelled := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"app":"other"}}}`))
				return server.Patch(t.Context(), server.Service(), labelled)
			},
		},
		"created anew": {
			refusal: apierrors.NewConflict(services, "nginx", errors.New("precondition")),
			faster: func(server *APIServer) error {
				service := server.Service()
				service.UID = "9"
				server.Rewrite(service)
				return nil
			},
		},
		"gone": {
			refusal: apierrors.NewNotFound(services, "nginx"),
			faster:  func(server *APIServer) error { return server.Delete(t.Context(), server.Service()) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, Asking(Green), Ready("nginx-1.11"))
			seen := server.ServiceInCache()
			if err := test.faster(server); err != nil {
				t.Fatal(err)
			}
			server.Refusal = test.refusal
			if said, err := reconciledAsSeen(server, seen); err != nil || len(said) > 0 {
				t.Errorf("got %v, said %q", err, said)
			}
		})
	}
}

// TestAnAnswerOfAnotherWebhookIsNotTakenForSomebodyFaster: controller-runtime passes on the status of a Get that failed in a
// validator.
func TestAnAnswerOfAnotherWebhookIsNotTakenForSomebodyFaster(t *testing.T) {
	configMaps := corev1.Resource("configmaps")
	for name, refusal := range map[string]error{
		"conflict":  apierrors.NewConflict(configMaps, "rules", errors.New("changed")),
		"not found": apierrors.NewNotFound(configMaps, "rules"),
	} {
		t.Run(name, func(t *testing.T) { expectTheRefusalToBeSaid(t, refusal, `configmaps "rules"`) })
	}
}

func TestARefusedWriteIsAnErrorAndAWarningAndNoSwitchIsTold(t *testing.T) {
	refusal := apierrors.NewForbidden(corev1.Resource("services"), "nginx", errors.New("no 100% sure reason"))
	expectTheRefusalToBeSaid(t, refusal, "no 100% sure reason")
}

// expectTheRefusalToBeSaid refuses a switch.
func expectTheRefusalToBeSaid(t *testing.T, refusal error, part string) {
	t.Helper()
	server := NewAPIServer(t, Asking(Green), Ready("nginx-1.11"))
	server.Refusal = refusal
	said, err := reconciled(server)
	if !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
	ExpectOneEvent(t, said, "Warning WriteFailed", part)
}

func TestAnAskThatChangedSinceItWasSeenIsNotCarriedOut(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Ready("nginx-1.11"))
	seen := server.ServiceInCache()
	withdrawn := server.Service()
	withdrawn.Annotations[bluegreen.TargetVersion] = Blue
	server.Rewrite(withdrawn)
	said, err := reconciledAsSeen(server, seen)
	if err != nil {
		t.Error(err)
	}
	if live := server.Service().Spec.Selector["version"]; live != Blue || len(said) > 0 {
		t.Errorf("traffic is on version %s, said %q", live, said)
	}
	if len(server.Patches) != 1 {
		t.Errorf("%d patches", len(server.Patches))
	}
}
