//go:build e2e

package chaos

import (
	"context"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// clusterUp starts again what does not run.
func clusterUp(t *testing.T) { script(t, "up") }

func killAPIServer(t *testing.T) func(*testing.T) {
	onNode(t, controlPlane, "pkill", "-KILL", "kube-apiserver")
	return clusterUp
}

func stopEtcd(t *testing.T) func(*testing.T) {
	onNode(t, controlPlane, "pkill", "-STOP", "etcd")
	return func(t *testing.T) { onNode(t, controlPlane, "pkill", "-CONT", "etcd") }
}

// fillEtcd raises the alarm that etcd raises itself when its quota is used up. Until it is taken back, etcd refuses every write with
// "database space exceeded", and reads go on.
func fillEtcd(t *testing.T) func(*testing.T) {
	alarm(t, "ACTIVATE")
	return func(t *testing.T) { alarm(t, "DEACTIVATE") }
}

// alarm sets etcd's alarm of space through its gateway; kubectl is the client that every node has.
func alarm(t *testing.T, action string) {
	t.Helper()
	onNode(t, controlPlane, "sh", "-c", `echo '{"action":"`+action+`","alarm":"NOSPACE"}' |
		kubectl --server http://127.0.0.1:2379 create --raw /v3/maintenance/alarm -f -`)
}

// failWebhook has the API server ask a webhook that does not answer about every write of Services and Deployments, and refuse them.
func failWebhook(t *testing.T) func(*testing.T) {
	configurations := cluster.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "chaos"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "chaos.bluegreen-k8s.github.io",
			// Nobody has this address of the cluster's network.
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: new("https://198.18.0.99/")},
			FailurePolicy:           new(admissionregistrationv1.Fail),
			TimeoutSeconds:          new(int32(1)),
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
			Rules:                   []admissionregistrationv1.RuleWithOperations{everyWrite("", "services"), everyWrite("apps", "deployments")},
		}},
	}
	if _, err := configurations.Create(t.Context(), configuration, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) {
		if err := configurations.Delete(context.Background(), configuration.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func everyWrite(group, resource string) admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule: admissionregistrationv1.Rule{
			APIGroups:   []string{group},
			APIVersions: []string{"v1"},
			Resources:   []string{resource},
		},
	}
}
