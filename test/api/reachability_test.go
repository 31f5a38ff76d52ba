package api

import (
	"context"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// ownDeployment makes bluegreen's own Deployment, which there is no node for. Its Events are what this is about.
func ownDeployment(t *testing.T, installed *installation.Installation) {
	t.Helper()
	own := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: installed.Namespace, Name: installed.Name}}
	labels := map[string]string{"app.kubernetes.io/name": "bluegreen"}
	own.Spec.Selector, own.Spec.Template.Labels = &metav1.LabelSelector{MatchLabels: labels}, labels
	own.Spec.Template.Spec.Containers = []corev1.Container{{Name: "webhook", Image: "bluegreen"}}
	if err := admin.Create(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Delete(context.WithoutCancel(t.Context()), own); err != nil {
			t.Error(err)
		}
	})
}

// askAt has the API server ask the webhook at a port of its Service, which has 443 only.
func askAt(t *testing.T, installed *installation.Installation, port int32) {
	t.Helper()
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := admin.Get(t.Context(), client.ObjectKey{Name: installed.Name}, configuration); err != nil {
		t.Fatal(err)
	}
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.Service.Port = &port
	}
	if err := admin.Update(t.Context(), configuration); err != nil {
		t.Fatal(err)
	}
}

// unasked waits until the API server has noticed that nobody answers it at the webhook's address.
func unasked(t *testing.T, namespace string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		probe := service(namespace, "1.10", "1.10")
		probe.Name = "probe"
		err := admin.Create(ctx, probe, client.DryRunAll)
		return probe.Annotations["bluegreen/phase"] == "", err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reachable waits until a process serves that the webhook is reached, or that it is not.
func reachable(t *testing.T, process *installation.Replica, token string, want float64) {
	t.Helper()
	scrapedUntil(t, process, token, "bluegreen_webhook_reachable", func(values map[string]float64) bool {
		value, known := values["bluegreen_webhook_reachable"]
		return known && value == want
	})
}

// TestAWebhookThatTheAPIServerDoesNotReachIsTold sends the API server to a port that nobody answers at, and back. It does not take the
// process out of the Service: older API servers keep the connections that they have. Own writes notice both. In single namespaces, the
// Event needs rights of its own.
func TestAWebhookThatTheAPIServerDoesNotReachIsTold(t *testing.T) {
	for name, install := range map[string]func(*testing.T) (installed *installation.Installation, namespace string){
		"in all namespaces": func(t *testing.T) (*installation.Installation, string) { return shipped, suite.Namespace(t) },
		"in one namespace": func(t *testing.T) (*installation.Installation, string) {
			without(t, "ValidatingAdmissionPolicyBinding") // It knows the controller of the whole cluster only.
			ns := suite.Namespace(t)
			return suite.InstallFor(t, "lookout", "watchNamespaces={"+ns+"}"), ns
		},
	} {
		t.Run(name, func(t *testing.T) {
			installed, ns := install(t)
			ownDeployment(t, installed)
			process := installed.StartFor(t)
			serving(t, ns)
			token := scraper(t)
			nginx := service(ns, "1.10", "1.10")
			if err := admin.Create(t.Context(), nginx); err != nil {
				t.Fatal(err)
			}
			key := client.ObjectKeyFromObject(nginx)
			ask(t, nginx, "1.11")
			until(t, key, "what is waited for is told", message("version=1.11"))
			reachable(t, process, token, 1)

			askAt(t, installed, 444)
			unasked(t, ns)
			ask(t, get(t, key), "1.12")
			reachable(t, process, token, 0)
			want := "Deployment/" + installed.Name + ": the API server does not reach bluegreen's webhook: "
			if got := told(t, installed.Namespace, "WebhookUnreachable"); !strings.HasPrefix(got, want) {
				t.Errorf("told %s", got)
			}

			askAt(t, installed, 443)
			serving(t, ns)
			ask(t, get(t, key), "1.13")
			reachable(t, process, token, 1)
			told(t, installed.Namespace, "WebhookReachable")
		})
	}
}
