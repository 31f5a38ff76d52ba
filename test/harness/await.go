package harness

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// Named selects the object of a name.
func Named(name string) fields.Selector {
	return fields.OneTermEqualSelector(metav1.ObjectNameField, name)
}

// Await watches one kind of object until one meets the condition, and returns that.
func Await[T runtime.Object](t testing.TB, objects cache.ListerWatcher, what string, condition func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	event, err := watchtools.UntilWithSync(ctx, objects, nil, nil, func(event watch.Event) (bool, error) {
		object, ok := event.Object.(T)
		return ok && event.Type != watch.Deleted && condition(object), nil
	})
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
	return event.Object.(T)
}

// AwaitService waits until a Service meets the condition, and returns it. what completes "Service NAME to".
func (c *Cluster) AwaitService(t testing.TB, namespace, name, what string, condition func(*corev1.Service) bool) *corev1.Service {
	t.Helper()
	services := cache.NewListWatchFromClient(c.CoreV1().RESTClient(), "services", namespace, Named(name))
	return Await(t, services, "Service "+name+" to "+what, condition)
}

// AwaitDeployment waits until a Deployment meets the condition, and returns it. what completes "Deployment NAME to".
func (c *Cluster) AwaitDeployment(t testing.TB, namespace, name, what string, condition func(*appsv1.Deployment) bool) *appsv1.Deployment {
	t.Helper()
	deployments := cache.NewListWatchFromClient(c.AppsV1().RESTClient(), "deployments", namespace, Named(name))
	return Await(t, deployments, "Deployment "+name+" to "+what, condition)
}
