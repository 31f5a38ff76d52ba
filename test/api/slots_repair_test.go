package api

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestAMistakePutRightWhileNoReplicaRunsKeepsItsReplicas: the mistake came with 0 replicas, and its note is still there.
func TestAMistakePutRightWhileNoReplicaRunsKeepsItsReplicas(t *testing.T) {
	running := shipped.StartFor(t)
	nginx, blue, green := slots(t)
	relabel(t, admin, green, "1.11", 2)
	ask(t, nginx, "1.11")
	relabel(t, admin, blue, "1.12", 0)
	deploymentUntil(t, blue, "its rollout held", held)
	running.End(t.Context(), syscall.SIGTERM)
	ask(t, nginx, "1.10")
	relabel(t, admin, blue, "1.10", 2)
	shipped.StartFor(t)
	deploymentUntil(t, blue, "nothing held, and 2 replicas", rolls("1.10", 2))
}

// TestAHoldSurvivesAnotherMutatingWebhook: the API server then asks bluegreen's again about the same write.
func TestAHoldSurvivesAnotherMutatingWebhook(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, green := slots(t)
	stamp(t, blue)
	relabel(t, admin, green, "1.11", 2)
	ask(t, nginx, "1.11")
	relabel(t, admin, blue, "1.12", 0)
	deploymentUntil(t, blue, "its rollout held", held)
	rolledOut(t, green)
	until(t, client.ObjectKeyFromObject(nginx), "traffic moves", live("1.11"))
	deploymentUntil(t, blue, "the rollout done as asked", rolls("1.12", 0))
}

// stamp is what a policy engine does: every UPDATE of a Deployment gets a label that differs each time.
func stamp(t *testing.T, deployment *appsv1.Deployment) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		review := admissionv1.AdmissionReview{}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{
			UID:       review.Request.UID,
			Allowed:   true,
			PatchType: ptr.To(admissionv1.PatchTypeJSONPatch),
			Patch:     []byte(`[{"op":"add","path":"/metadata/labels","value":{"stamped-by":"` + string(review.Request.UID) + `"}}]`),
		}
		review.Request = nil
		if err := json.NewEncoder(w).Encode(review); err != nil {
			t.Errorf("answering: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	hook := &admissionregistrationv1.MutatingWebhookConfiguration{}
	hook.Name = "stamp"
	hook.Webhooks = []admissionregistrationv1.MutatingWebhook{{
		Name:                    "stamp.example.org",
		AdmissionReviewVersions: []string{"v1"},
		SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
		ClientConfig: admissionregistrationv1.WebhookClientConfig{
			URL:      &server.URL,
			CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{"UPDATE"},
			Rule: admissionregistrationv1.Rule{
				APIGroups:   []string{"apps"},
				APIVersions: []string{"v1"},
				Resources:   []string{"deployments"},
			},
		}},
	}}
	if err := admin.Create(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Delete(context.WithoutCancel(t.Context()), hook); err != nil {
			t.Error(err)
		}
	})
	until, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := wait.PollUntilContextCancel(until, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		probe := deployment.DeepCopy()
		patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"probe":"a"}}}`))
		err := admin.Patch(ctx, probe, patch, client.DryRunAll)
		return probe.Labels["stamped-by"] != "", err
	})
	if err != nil {
		t.Fatalf("the other webhook is not asked: %v", err)
	}
}

// TestACopyOfADeploymentIsNotBoundByItsNote: kubectl get -o yaml, edited and created, brings note and finalizer along.
func TestACopyOfADeploymentIsNotBoundByItsNote(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, _ := slots(t)
	copied := &appsv1.Deployment{}
	copied.Namespace, copied.Name, copied.Annotations, copied.Finalizers = blue.Namespace, "nginx-copy", blue.Annotations, blue.Finalizers
	copied.Spec = *blue.Spec.DeepCopy()
	labels := map[string]string{"name": "nginx", "slot": "copy", "version": "1.12"}
	copied.Spec.Selector.MatchLabels, copied.Spec.Template.Labels = map[string]string{"slot": "copy"}, labels
	if err := admin.Create(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	image := client.RawPatch(types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.12.1"}]}}}}`))
	if err := admin.Patch(t.Context(), copied.DeepCopy(), image); err != nil {
		t.Error(err)
	}
	rolledOut(t, copied)
	ask(t, nginx, "1.12")
	until(t, client.ObjectKeyFromObject(nginx), "traffic moves", live("1.12"))
	deploymentUntil(t, copied, "a note of what it serves", func(d *appsv1.Deployment) bool {
		return d.Annotations["bluegreen/serves"] == "name=nginx,version=1.12"
	})
}

// TestWhatNeverServedIsItsOwners: a rollback passes with no replica running, though it was waited for.
func TestWhatNeverServedIsItsOwners(t *testing.T) {
	running := shipped.StartFor(t)
	nginx, _, green := slots(t)
	relabel(t, admin, green, "1.11", 2)
	ask(t, nginx, "1.11")
	deploymentUntil(t, green, "the finalizer", protected)
	running.End(t.Context(), syscall.SIGTERM)
	ask(t, nginx, "1.10")
	relabel(t, admin, green, "1.09", 0)
}
