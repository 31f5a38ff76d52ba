// Package follow watches on and on: an API server ends the watch of a client that falls behind for a moment, and a benchmark
// must not.
package follow

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// Watcher is a client's method that starts a watch.
type Watcher func(context.Context, metav1.ListOptions) (watch.Interface, error)

// Objects calls a function for every version of an object after a resourceVersion, until the context ends. It starts again
// where a watch was ended, at once.
func Objects(ctx context.Context, start Watcher, resourceVersion string, see func(runtime.Object)) error {
	for ctx.Err() == nil {
		watcher, err := start(ctx, metav1.ListOptions{ResourceVersion: resourceVersion, AllowWatchBookmarks: true})
		if err != nil {
			return fmt.Errorf("watching from %s: %w", resourceVersion, err)
		}
		for event := range watcher.ResultChan() {
			if event.Type == watch.Error {
				return fmt.Errorf("watching from %s: %v", resourceVersion, event.Object)
			}
			accessor, err := meta.Accessor(event.Object)
			if err != nil {
				return err
			}
			resourceVersion = accessor.GetResourceVersion()
			if event.Type != watch.Bookmark {
				see(event.Object)
			}
		}
	}
	return ctx.Err()
}

// Available reports whether a Deployment reports that it is available, the signal that is followed.
func Available(deployment *appsv1.Deployment) bool {
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
