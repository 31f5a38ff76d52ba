package uninstall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// stop scales bluegreen's own Deployment to 0, waits until its pods have ended, and returns how many it had. One that is not there
// needs no stopping.
func (u Uninstaller) stop(ctx context.Context, key client.ObjectKey) (replicas int32, err error) {
	own := &appsv1.Deployment{}
	if err := u.Client.Get(ctx, key, own); err != nil {
		return 0, client.IgnoreNotFound(err)
	}
	replicas = ptr.Deref(own.Spec.Replicas, 1)
	if err := u.scaleOwn(ctx, key, 0); err != nil {
		return replicas, err
	}
	return replicas, u.awaitNoPods(ctx, key.Namespace, own.Spec.Selector.MatchLabels)
}

// startAgain gives bluegreen its replicas back, and returns why.
func (u Uninstaller) startAgain(ctx context.Context, key client.ObjectKey, replicas int32, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startAgainTimeout)
	defer cancel()
	if err := u.scaleOwn(ctx, key, replicas); err != nil {
		return errors.Join(why, fmt.Errorf("bluegreen is stopped, and could not be started again: %w", err))
	}
	return fmt.Errorf("bluegreen was stopped, and was given its %d replicas again: %w", replicas, why)
}

// scaleOwn needs no resourceVersion: whatever the Deployment looks like, this many pods are meant.
func (u Uninstaller) scaleOwn(ctx context.Context, key client.ObjectKey, replicas int32) error {
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	own := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	if err := u.Client.SubResource("scale").Patch(ctx, own, patch); err != nil {
		return fmt.Errorf("scaling Deployment %s to %d: %w", key, replicas, err)
	}
	return nil
}

func (u Uninstaller) awaitNoPods(ctx context.Context, namespace string, labels map[string]string) error {
	selection := []client.ListOption{client.InNamespace(namespace), client.MatchingLabels(labels)}
	watcher, err := u.Client.Watch(ctx, &corev1.PodList{}, selection...)
	if err != nil {
		return fmt.Errorf("watching the pods of bluegreen: %w", err)
	}
	defer watcher.Stop()
	for {
		var pods corev1.PodList
		if err := u.Client.List(ctx, &pods, selection...); err != nil {
			return fmt.Errorf("listing the pods of bluegreen: %w", err)
		}
		running := slices.DeleteFunc(pods.Items, ended)
		if len(running) == 0 {
			return nil
		}
		if _, open := <-watcher.ResultChan(); !open {
			return fmt.Errorf("waiting for %d pods of bluegreen to end: %w", len(running), cmp.Or(context.Cause(ctx), errWatchEnded))
		}
	}
}

// ended reports whether no container of a pod will run any more. The object of one that was evicted stays.
func ended(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}
