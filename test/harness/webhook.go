package harness

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// AwaitWebhook waits until the API server asks bluegreen's webhook, also after the test's context has ended.
func (c *Cluster) AwaitWebhook(t testing.TB) {
	t.Helper()
	if err := c.awaitWebhook(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) awaitWebhook(ctx context.Context) error {
	admin, err := installation.NewClient(c.Config)
	if err != nil {
		return err
	}
	return installation.AwaitWebhook(ctx, admin, metav1.NamespaceDefault)
}
