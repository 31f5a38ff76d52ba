//go:build e2e

package e2e

import (
	"context"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// installation is the one that all tests share: the first to need it makes it.
var installation struct {
	once           sync.Once
	ready, serving time.Duration
}

// TestInstall installs the chart into a cluster with nothing else in it.
func TestInstall(t *testing.T) {
	install(t)
	if installation.serving == 0 || installation.serving > 30*time.Second {
		t.Errorf("from helm install, pods ready after %v, webhook serving after %v; want both within 30 s", installation.ready, installation.serving)
	}
}

// install removes what an earlier run left, and installs the chart anew.
func install(t *testing.T) {
	t.Helper()
	installation.once.Do(func() {
		helm(t, "uninstall", release, "--namespace", installed, "--ignore-not-found", "--wait")
		kubectl(t, "delete", "namespace", installed, "--ignore-not-found")

		start := time.Now()
		helm(t, append([]string{"install"}, installArgs()...)...)
		awaitAvailable(t, installed, release, 2)
		installation.ready = time.Since(start)
		awaitServing(t)
		installation.serving = time.Since(start)
		t.Logf("from helm install: pods ready after %.1f s, webhook serving after %.1f s",
			installation.ready.Seconds(), installation.serving.Seconds())
	})
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
