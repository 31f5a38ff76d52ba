package api

import (
	"strings"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// revoke deletes the release's Role in a namespace, as Kubernetes does with the namespace, and returns it.
func (r *installation) revoke(t *testing.T, namespace string) *unstructured.Unstructured {
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
	stays, goes := namespace(t), namespace(t)
	r, err := install(t.Context(), t.TempDir(), "partial", "partial-system", "watchNamespaces={"+goes+","+stays+"}")
	if err != nil {
		t.Fatal(err)
	}
	before := r.start(t)
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

	role := r.revoke(t, goes)
	switches("1.11") // A process that has read it goes on.
	before.end(t, syscall.SIGTERM)

	after := r.start(t)
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

	r.start(t)
	available(t, deployment(t, goes, "1.11"), true)
	until(t, client.ObjectKey{Namespace: goes, Name: "nginx"}, "traffic moves", live("1.11"))
}

// TestTheWebhookAnswersWhereNoNamespaceMayBeRead starts with no right on any Service.
func TestTheWebhookAnswersWhereNoNamespaceMayBeRead(t *testing.T) {
	without(t, "ValidatingAdmissionPolicyBinding")
	ns := namespace(t)
	r, err := install(t.Context(), t.TempDir(), "nowhere", "nowhere-system", "watchNamespaces={"+ns+"}")
	if err != nil {
		t.Fatal(err)
	}
	r.revoke(t, ns)
	r.start(t)
	serving(t, ns)
}
