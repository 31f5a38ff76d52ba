package harness

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// AwaitWebhook waits until the API server asks bluegreen's webhook.
func (c *Cluster) AwaitWebhook(t testing.TB) {
	t.Helper()
	admin, err := installation.NewClient(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := installation.AwaitWebhook(t.Context(), admin, metav1.NamespaceDefault); err != nil {
		t.Fatal(err)
	}
}
