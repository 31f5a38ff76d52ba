//go:build e2e

package e2e

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// seen is a state of an object, and when its watch event came.
type seen[T runtime.Object] struct {
	at     time.Time
	object T
}

// recording keeps every state that a watch shows.
type recording[T runtime.Object] struct {
	mu     sync.Mutex
	states []seen[T]
}

// record keeps what a watch shows until the test ends.
func record[T runtime.Object](t *testing.T, start func(context.Context, metav1.ListOptions) (watch.Interface, error)) *recording[T] {
	t.Helper()
	watching, err := start(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watching.Stop)
	r := &recording[T]{}
	go func() {
		for event := range watching.ResultChan() {
			if object, ok := event.Object.(T); ok {
				r.add(seen[T]{time.Now(), object})
			}
		}
	}()
	return r
}

func (r *recording[T]) add(state seen[T]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states = append(r.states, state)
}

// since returns the states seen from a moment on.
func (r *recording[T]) since(moment time.Time) []seen[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.states), func(s seen[T]) bool { return s.at.Before(moment) })
}

// becameAvailable returns when the Deployment's condition first was seen to be True after it had not been.
func becameAvailable(states []seen[*appsv1.Deployment], name string) time.Time {
	was := true
	for _, state := range states {
		if state.object.Name != name {
			continue
		}
		is := isAvailable(state.object)
		if is && !was {
			return state.at
		}
		was = is
	}
	return time.Time{}
}

func isAvailable(deployment *appsv1.Deployment) bool {
	return slices.ContainsFunc(deployment.Status.Conditions, func(c appsv1.DeploymentCondition) bool {
		return c.Type == appsv1.DeploymentAvailable && c.Status == corev1.ConditionTrue && c.Reason == "MinimumReplicasAvailable"
	})
}

// reachedVersion returns when the Service's selector was first seen on a version.
func reachedVersion(states []seen[*corev1.Service], version string) time.Time {
	for _, state := range states {
		if state.object.Spec.Selector["version"] == version {
			return state.at
		}
	}
	return time.Time{}
}
