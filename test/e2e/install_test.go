//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestInstall installs the chart into a cluster with nothing else in it.
func TestInstall(t *testing.T) {
	helm(t, "uninstall", release, "--namespace", installed, "--ignore-not-found", "--wait")
	kubectl(t, "delete", "namespace", installed, "--ignore-not-found")

	start := time.Now()
	helm(t, append([]string{"install"}, installArgs()...)...)
	awaitAvailable(t, installed, release, 2)
	ready := time.Since(start)
	awaitServing(t)
	serving := time.Since(start)

	t.Logf("from `helm install`: pods ready after %.1f s, webhook serving after %.1f s", ready.Seconds(), serving.Seconds())
	if serving > 30*time.Second {
		t.Errorf("ready after %v, serving after %v; want both within 30 s", ready, serving)
	}
}

// awaitServing waits until the API server asks the webhook. What it makes of a configuration cannot be watched, so this
// tries until a write comes back with a phase. A dry run stores nothing.
func awaitServing(t *testing.T) {
	t.Helper()
	probe := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Annotations: map[string]string{bluegreen.TargetVersion: "1"}},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"version": "1"},
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
	}
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		service, err := cluster.CoreV1().Services(metav1.NamespaceDefault).Create(ctx, probe,
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err == nil && phaseOf(service) == bluegreen.Stable, err
	})
	if err != nil {
		t.Fatalf("waiting for the webhook to serve: %v", err)
	}
}
