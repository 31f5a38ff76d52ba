package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/bluegreen-k8s/bluegreen/bench/follow"
	"github.com/bluegreen-k8s/bluegreen/bench/plane"
)

// cue is what the benchmark plays, and times a switch from: the readiness of a version, as it is reported somewhere.
type cue interface {
	// give reports that a version is ready, or that it is not.
	give(ctx context.Context, s *stage, name, version string, ready bool) error
	// seen returns when it was seen that a version is ready.
	seen(ctx context.Context, s *stage, name, version string, after time.Time) (time.Time, error)
}

// deploymentStatus plays the Deployment controller.
type deploymentStatus struct{}

func (deploymentStatus) give(ctx context.Context, s *stage, name, version string, ready bool) error {
	return setAvailable(ctx, s.plane.Clients, s.namespace, name+"-"+version, ready)
}

func (deploymentStatus) seen(ctx context.Context, s *stage, name, version string, after time.Time) (time.Time, error) {
	return await(ctx, s.seen, keyOf("Deployment", name+"-"+version), after, follow.Available)
}

// replicaSetStatus plays the ReplicaSet controller, beside playReplicaSets.
type replicaSetStatus struct{}

func (replicaSetStatus) give(ctx context.Context, s *stage, name, version string, ready bool) error {
	set := s.seen.last(versionKey("ReplicaSet", name, version)).(*appsv1.ReplicaSet)
	available := int32(0)
	if ready {
		available = *set.Spec.Replicas
	}
	return reportReplicas(ctx, s.plane.Clients, set, available)
}

func (replicaSetStatus) seen(ctx context.Context, s *stage, name, version string, after time.Time) (time.Time, error) {
	return await(ctx, s.seen, versionKey("ReplicaSet", name, version), after, func(r *appsv1.ReplicaSet) bool {
		return r.Status.AvailableReplicas > 0
	})
}

// playReplicaSets plays the ReplicaSet controller: pods are there as soon as they are asked for, and available with the signal.
func playReplicaSets(ctx context.Context, p *plane.Plane) error {
	sets := p.Clients.AppsV1().ReplicaSets(metav1.NamespaceAll)
	list, err := sets.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	changed := make(chan *appsv1.ReplicaSet, 100000)
	for range writers {
		go func() {
			for set := range changed {
				_ = reportReplicas(ctx, p.Clients, set, min(set.Status.AvailableReplicas, *set.Spec.Replicas))
			}
		}()
	}
	go func() {
		defer close(changed)
		_ = follow.Objects(ctx, sets.Watch, list.ResourceVersion, func(object runtime.Object) {
			set := object.(*appsv1.ReplicaSet)
			if set.Status.Replicas != *set.Spec.Replicas || set.Status.ObservedGeneration != set.Generation {
				changed <- set
			}
		})
	}()
	return nil
}

func reportReplicas(ctx context.Context, clients kubernetes.Interface, set *appsv1.ReplicaSet, available int32) error {
	patch := fmt.Appendf(nil, `{"status":{"observedGeneration":%d,"replicas":%d,"fullyLabeledReplicas":%d,`+
		`"readyReplicas":%d,"availableReplicas":%d}}`,
		set.Generation, *set.Spec.Replicas, *set.Spec.Replicas, available, available)
	_, err := clients.AppsV1().ReplicaSets(set.Namespace).Patch(ctx, set.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// podStatus plays the kubelet, beside the real controllers.
type podStatus struct{}

func (podStatus) give(ctx context.Context, s *stage, name, version string, ready bool) error {
	key := versionKey("Pod", name, version)
	if _, err := await(ctx, s.seen, key, time.Time{}, func(*corev1.Pod) bool { return true }); err != nil {
		return err
	}
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	patch := fmt.Appendf(nil, `{"status":{"phase":"Running","conditions":[{"type":"Ready","status":%q,"lastTransitionTime":%q}]}}`,
		status, time.Now().UTC().Format(time.RFC3339))
	pods := s.plane.Clients.CoreV1().Pods(s.namespace)
	_, err := pods.Patch(ctx, s.seen.last(key).GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func (podStatus) seen(ctx context.Context, s *stage, name, version string, after time.Time) (time.Time, error) {
	return await(ctx, s.seen, versionKey("Pod", name, version), after, func(pod *corev1.Pod) bool {
		return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
	})
}
