package api

import (
	"strings"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// revoke deletes an installation's Role in a namespace, as Kubernetes does with the namespace, and returns it.
func revoke(t *testing.T, r *installation.Installation, namespace string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range r.Objects {
		if object.GetKind() == "Role" && object.GetNamespace() == namespace {
			if err := admin.Delete(t.Context(), object.DeepCopy()); err != nil {
				t.Fatal(err)
			}
			return object
		}
	}
	t.Fatalf("no Role in namespace %s", namespace)
	return nil
}

// TestANamespaceThatMayNotBeReadStopsNoOther takes the right to read one of two namespaces away, and gives it back.
func TestANamespaceThatMayNotBeReadStopsNoOther(t *testing.T) {
	without(t, "ValidatingAdmissionPolicyBinding") // It knows the controller of the whole cluster only.
	stays, goes := suite.Namespace(t), suite.Namespace(t)
	r := suite.InstallFor(t, "partial", "watchNamespaces={"+goes+","+stays+"}")
	before := r.StartFor(t)
	serving(t, stays)
	nginx := service(stays, "1.10", "1.10")
	for _, object := range []client.Object{nginx, service(goes, "1.11", "1.10")} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	switches := func(version string) {
		t.Helper()
		available(t, deployment(t, stays, version), true)
		if err := annotate(t, admin, nginx, "bluegreen/target-version", version); err != nil {
			t.Fatal(err)
		}
		until(t, client.ObjectKeyFromObject(nginx), "traffic moves", live(version))
	}

	role := revoke(t, r, goes)
	switches("1.11") // A process that has read it goes on.
	before.End(t.Context(), syscall.SIGTERM)

	after := r.StartFor(t)
	serving(t, stays)
	switches("1.12")

	if err := r.Apply(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	<-after.Exited
	if state := after.Command.ProcessState; !state.Success() {
		t.Errorf("with the right given back the process ended: %v", state)
	}
	if log := after.Log.String(); !strings.Contains(log, "Leaving a namespace out") || !strings.Contains(log, `namespace="`+goes+`"`) {
		t.Errorf("the log does not tell of namespace %s:\n%s", goes, log)
	}

	r.StartFor(t)
	available(t, deployment(t, goes, "1.11"), true)
	until(t, client.ObjectKey{Namespace: goes, Name: "nginx"}, "traffic moves", live("1.11"))
}

// TestTheWebhookAnswersWhereNoNamespaceMayBeRead starts with no right on any Service.
func TestTheWebhookAnswersWhereNoNamespaceMayBeRead(t *testing.T) {
	without(t, "ValidatingAdmissionPolicyBinding")
	ns := suite.Namespace(t)
	r := suite.InstallFor(t, "nowhere", "watchNamespaces={"+ns+"}")
	revoke(t, r, ns)
	r.StartFor(t)
	serving(t, ns)
}
