package harness

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// AwaitWebhook waits until the API server asks bluegreen's webhook. What it makes of a configuration cannot be watched, so
// this tries until a write comes back with a phase. A dry run stores nothing.
func (c *Cluster) AwaitWebhook(t testing.TB) {
	t.Helper()
	probe := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Annotations: map[string]string{bluegreen.TargetVersion: "1"}},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"version": "1"},
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
	}
	services, options := c.CoreV1().Services(metav1.NamespaceDefault), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, Patience, true, func(ctx context.Context) (bool, error) {
		answered, err := services.Create(ctx, probe, options)
		return err == nil && answered.Annotations[bluegreen.PhaseKey] == string(bluegreen.Stable), err
	})
	if err != nil {
		t.Fatalf("waiting for the webhook to serve: %v", err)
	}
}
