package harness

import (
	"context"
	"testing"

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
