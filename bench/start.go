package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// start measures how much memory the first read of a cluster takes, where the API server streams lists and where it does not.
func (b *bench) start(ctx context.Context) error {
	table := markdown.Table{Head: []string{"lists", "Deployments", "size of each", "memory, at most", "start to ready"}}
	for _, lists := range []struct{ name, gates string }{{"streamed", "WatchList=true"}, {"not streamed", "WatchList=false"}} {
		if err := b.startBeside(ctx, &table, lists.name, lists.gates); err != nil {
			return fmt.Errorf("lists %s: %w", lists.name, err)
		}
	}
	return b.publish("start", table.String(), nil)
}

// startBeside starts bluegreen beside more and more Deployments, on an API server with some feature gates.
func (b *bench) startBeside(ctx context.Context, table *markdown.Table, lists, gates string) error {
	p, ctx, err := plane.StartWith(ctx, map[string]string{"feature-gates": gates})
	if err != nil {
		return err
	}
	defer p.Stop()
	shipped, err := p.Install(ctx, "../charts/bluegreen", p.Dir, "bluegreen", "bluegreen-system")
	if err != nil {
		return err
	}
	shipped.Program = b.self
	if err := ensureNamespace(ctx, p.Clients, plainNamespace); err != nil {
		return err
	}
	have := 0
	for _, count := range b.size.starts {
		if err := each(ctx, count-have, func(ctx context.Context, i int) error { return createLarge(ctx, p, have+i) }); err != nil {
			return err
		}
		have = count
		memory, took, err := b.startOnce(ctx, shipped)
		if err != nil {
			return err
		}
		stored, err := p.Clients.AppsV1().Deployments(plainNamespace).Get(ctx, nameOf(0)+"-v1", metav1.GetOptions{})
		if err != nil {
			return err
		}
		table.Add(lists, fmt.Sprint(count), fmt.Sprintf("%.1f kB", float64(stored.Size())/1000), mebibytes(memory), seconds(took))
	}
	return nil
}

// startOnce returns how much memory a process took at most until it was at rest, and how long until it was ready.
func (b *bench) startOnce(ctx context.Context, shipped *installation.Installation) (memory uint64, took time.Duration, err error) {
	begin := time.Now()
	replica, err := shipped.Start(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("%w\n%s", err, replica.Log)
	}
	defer replica.End(ctx, syscall.SIGKILL)
	took = time.Since(begin)
	if err := awaitIdle(replica.Command.Process.Pid, b.size.rest); err != nil {
		return 0, 0, err
	}
	usage, err := plane.UsageOf(replica.Command.Process.Pid)
	return usage.Peak, took, err
}

// createLarge creates a Deployment of the size that they have where others add containers to the pods.
func createLarge(ctx context.Context, p *plane.Plane, i int) error {
	large := newDeployment(plainNamespace, i, "v1")
	pod := &large.Spec.Template.Spec
	for _, name := range []string{"proxy", "agent"} {
		added := pod.Containers[0]
		added.Name, added.Ports = name, nil
		pod.Containers = append(pod.Containers, added)
	}
	_, err := p.Clients.AppsV1().Deployments(plainNamespace).Create(ctx, large, metav1.CreateOptions{})
	return err
}
