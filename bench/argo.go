package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/bluegreen-k8s/bluegreen/bench/follow"
	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/test/release"
)

var rolloutsResource = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}

// hashLabel is what Argo Rollouts puts into a Service's selector.
const hashLabel = "rollouts-pod-template-hash"

// argo is Argo Rollouts, with its blueGreen strategy: a unit is a Rollout and its active Service.
type argo struct {
	program string
	flags   []string

	plane    *plane.Plane
	seen     *observer
	rollouts dynamic.ResourceInterface
	process  *plane.Process

	mu       sync.Mutex
	revision []int
	target   []*appsv1.ReplicaSet
}

const argoNamespace = "argo"

// newArgo returns Argo Rollouts with its default settings, and with more flags if they are given.
func newArgo(program string, flags ...string) *argo { return &argo{program: program, flags: flags} }

func (a *argo) name() string        { return "Argo Rollouts" }
func (a *argo) pid() int            { return a.process.PID() }
func (a *argo) observed() *observer { return a.seen }

func (a *argo) start(ctx context.Context, p *plane.Plane, units int) (err error) {
	a.plane, a.revision, a.target = p, make([]int, units), make([]*appsv1.ReplicaSet, units)
	if err := ensureNamespace(ctx, p.Clients, argoNamespace); err != nil {
		return err
	}
	unlimited := rest.CopyConfig(p.Config)
	unlimited.QPS = -1
	rollouts, err := dynamic.NewForConfig(unlimited)
	if err != nil {
		return err
	}
	a.rollouts = rollouts.Resource(rolloutsResource).Namespace(argoNamespace)
	if a.seen, err = observe(ctx, p.Clients, argoNamespace); err != nil {
		return err
	}
	if err := a.playReplicaSets(ctx); err != nil {
		return err
	}
	if err := a.run(); err != nil {
		return err
	}
	return each(ctx, units, a.createUnit)
}

func (a *argo) run() error {
	ports, err := release.FreePorts(2)
	if err != nil {
		return err
	}
	args := append([]string{"--kubeconfig=" + a.plane.Kubeconfig, "--namespace=" + argoNamespace, "--leader-elect=false", "--loglevel=error",
		fmt.Sprintf("--metricsPort=%d", ports[0]), fmt.Sprintf("--healthzPort=%d", ports[1])}, a.flags...)
	a.process, err = a.plane.Run("argo", a.program, args...)
	return err
}

func (a *argo) createUnit(ctx context.Context, i int) error {
	service := newService(argoNamespace, i, map[string]string{"name": nameOf(i)}, nil)
	if _, err := a.plane.Clients.CoreV1().Services(argoNamespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	template, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"name": nameOf(i), "version": "v0"}},
		Spec:       newTemplate(nil, "v0").Spec,
	})
	if err != nil {
		return err
	}
	rollout := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": rolloutsResource.GroupVersion().String(), "kind": "Rollout",
		"metadata": map[string]any{"name": nameOf(i)},
		"spec": map[string]any{
			"replicas": int64(1),
			"selector": map[string]any{"matchLabels": map[string]any{"name": nameOf(i)}},
			"template": template,
			"strategy": map[string]any{"blueGreen": map[string]any{"activeService": nameOf(i), "autoPromotionEnabled": true}},
		},
	}}
	started := time.Now()
	if _, err := a.rollouts.Create(ctx, rollout, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := a.awaitTarget(ctx, i, "v0", started); err != nil {
		return err
	}
	if err := a.signal(ctx, i); err != nil {
		return err
	}
	_, _, err = a.await(ctx, i, started)
	return err
}

// awaitTarget waits until Argo Rollouts has made the ReplicaSet of a version.
func (a *argo) awaitTarget(ctx context.Context, unit int, version string, after time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		target, changed := a.seen.replicaSet(nameOf(unit), version)
		if target != nil && *target.Spec.Replicas > 0 && target.Status.Replicas == *target.Spec.Replicas {
			a.mu.Lock()
			a.target[unit] = target
			a.mu.Unlock()
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("no ReplicaSet of %s %s: %w", nameOf(unit), version, ctx.Err())
		}
	}
}

func (a *argo) arm(ctx context.Context, unit int) error {
	a.mu.Lock()
	a.revision[unit]++
	version := fmt.Sprintf("v%d", a.revision[unit])
	a.mu.Unlock()
	asked := time.Now()
	patch := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"labels":{"version":%q}}}}}`, version)
	if _, err := a.rollouts.Patch(ctx, nameOf(unit), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := a.awaitTarget(ctx, unit, version, asked); err != nil {
		return err
	}
	time.Sleep(settle)
	return nil
}

func (a *argo) signal(ctx context.Context, unit int) error {
	a.mu.Lock()
	target := a.target[unit]
	a.mu.Unlock()
	return a.report(ctx, target, *target.Spec.Replicas)
}

func (a *argo) await(ctx context.Context, unit int, after time.Time) (signal, effect time.Time, err error) {
	a.mu.Lock()
	target := a.target[unit]
	a.mu.Unlock()
	signal, err = await(ctx, a.seen, keyOf("ReplicaSet", target.Name), after, func(r *appsv1.ReplicaSet) bool { return r.Status.AvailableReplicas > 0 })
	if err != nil {
		return signal, effect, err
	}
	effect, err = await(ctx, a.seen, keyOf("Service", nameOf(unit)), after, selects(hashLabel, target.Labels[hashLabel]))
	return signal, effect, err
}

// playReplicaSets plays the ReplicaSet controller: pods are there as soon as they are asked for, and available with the signal.
func (a *argo) playReplicaSets(ctx context.Context) error {
	list, err := a.plane.Clients.AppsV1().ReplicaSets(argoNamespace).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	changed := make(chan *appsv1.ReplicaSet, 100000)
	for range writers {
		go func() {
			for set := range changed {
				_ = a.report(ctx, set, min(set.Status.AvailableReplicas, *set.Spec.Replicas))
			}
		}()
	}
	go func() {
		defer close(changed)
		_ = follow.Objects(ctx, a.plane.Clients.AppsV1().ReplicaSets(argoNamespace).Watch, list.ResourceVersion, func(object runtime.Object) {
			set := object.(*appsv1.ReplicaSet)
			if set.Status.Replicas != *set.Spec.Replicas || set.Status.ObservedGeneration != set.Generation {
				changed <- set
			}
		})
	}()
	return nil
}

func (a *argo) report(ctx context.Context, set *appsv1.ReplicaSet, available int32) error {
	patch := fmt.Appendf(nil, `{"status":{"observedGeneration":%d,"replicas":%d,"fullyLabeledReplicas":%d,"readyReplicas":%d,"availableReplicas":%d}}`,
		set.Generation, *set.Spec.Replicas, *set.Spec.Replicas, available, available)
	_, err := a.plane.Clients.AppsV1().ReplicaSets(argoNamespace).Patch(ctx, set.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}
