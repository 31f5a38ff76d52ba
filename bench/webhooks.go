package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
)

// awaitWebhook waits until the API server asks the webhook: a dry run is answered with a phase.
func (b *bluegreen) awaitWebhook(ctx context.Context, p *plane.Plane) error {
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		probe := newService(metav1.NamespaceDefault, 0, versioned(0, "v1"), map[string]string{"bluegreen/target-version": "v1"})
		created, err := p.Clients.CoreV1().Services(metav1.NamespaceDefault).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err == nil && created.Annotations["bluegreen/phase"] != "", err
	})
}
