package main

import (
	"context"
	"fmt"
	"strings"
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

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

var rolloutsResource = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}

// hashLabel is what Argo Rollouts puts into a Service's selector.
const hashLabel = "rollouts-pod-template-hash"

// argo is Argo Rollouts with its default settings, and with its blueGreen strategy: a unit is a Rollout and its active Service.
type argo struct {
	stage
	program string
	flags   []string // Other than the default ones.

	rollouts dynamic.ResourceInterface
	process  *plane.Process

	revision []int
	target   []*appsv1.ReplicaSet
}

func newArgo(program string, cue cue, flags ...string) *argo {
	return &argo{stage: stage{namespace: "argo", cue: cue}, program: program, flags: flags}
}

func (a *argo) name() string { return strings.Join(append([]string{"Argo Rollouts"}, a.flags...), " ") }
func (a *argo) pid() int     { return a.process.PID() }

func (a *argo) start(ctx context.Context, p *plane.Plane, units int) error {
	a.revision, a.target = make([]int, units), make([]*appsv1.ReplicaSet, units)
	if err := a.open(ctx, p); err != nil {
		return err
	}
	unlimited := rest.CopyConfig(p.Config)
	unlimited.QPS = -1
	rollouts, err := dynamic.NewForConfig(unlimited)
	if err != nil {
		return err
	}
	a.rollouts = rollouts.Resource(rolloutsResource).Namespace(a.namespace)
	if err := a.run(); err != nil {
		return err
	}
	return each(ctx, units, a.createUnit)
}

func (a *argo) run() error {
	ports, err := installation.FreePorts(2)
	if err != nil {
		return err
	}
	flags := append([]string{"--kubeconfig=" + a.plane.Kubeconfig, "--namespace=" + a.namespace, "--leader-elect=false", "--loglevel=error",
		fmt.Sprintf("--metricsPort=%d", ports[0]), fmt.Sprintf("--healthzPort=%d", ports[1])}, a.flags...)
	a.process, err = a.plane.Run("argo", a.program, flags...)
	return err
}

func (a *argo) createUnit(ctx context.Context, i int) error {
	service := newService(a.namespace, i, map[string]string{"name": nameOf(i)}, nil)
	if _, err := a.plane.Clients.CoreV1().Services(a.namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
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
	if err := a.awaitTarget(ctx, i, "v0"); err != nil {
		return err
	}
	if err := a.signal(ctx, i); err != nil {
		return err
	}
	_, _, err = a.await(ctx, i, started)
	return err
}

// awaitTarget waits until Argo Rollouts has made the ReplicaSet of a version, and that has its pods.
func (a *argo) awaitTarget(ctx context.Context, unit int, version string) error {
	key := versionKey("ReplicaSet", nameOf(unit), version)
	_, err := await(ctx, a.seen, key, time.Time{}, func(r *appsv1.ReplicaSet) bool {
		return *r.Spec.Replicas > 0 && r.Status.Replicas == *r.Spec.Replicas
	})
	if err != nil {
		return err
	}
	a.target[unit] = a.seen.last(key).(*appsv1.ReplicaSet)
	return nil
}

func (a *argo) arm(ctx context.Context, unit int) error {
	a.revision[unit]++
	version := fmt.Sprintf("v%d", a.revision[unit])
	patch := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"labels":{"version":%q}}}}}`, version)
	if _, err := a.rollouts.Patch(ctx, nameOf(unit), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return err
	}
	return a.awaitTarget(ctx, unit, version)
}

func (a *argo) signal(ctx context.Context, unit int) error {
	return a.cue.give(ctx, &a.stage, nameOf(unit), a.target[unit].Labels["version"], true)
}

func (a *argo) await(ctx context.Context, unit int, after time.Time) (signal, effect time.Time, err error) {
	labels := a.target[unit].Labels
	if signal, err = a.cue.seen(ctx, &a.stage, nameOf(unit), labels["version"], after); err != nil {
		return signal, effect, err
	}
	effect, err = await(ctx, a.seen, keyOf("Service", nameOf(unit)), after, selects(hashLabel, labels[hashLabel]))
	return signal, effect, err
}
