//go:build e2e

package gitops

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// engine is a GitOps engine in one of its modes.
type engine interface {
	// title is the head of its column.
	title() string
	// deploy has it keep the cell's namespace as the cell's repository says.
	deploy(c *cell)
	// tell tells it of a commit, as the webhook of a Git host does, and waits until it has seen it.
	tell(c *cell)
	// application is the object that stands for the application.
	application(c *cell) application
	// read reads what the engine says in that object.
	read(application *unstructured.Unstructured) report
	// interrupt ends what it is at, as far as a user can, so that it gets to the newest commit, and returns how.
	interrupt(c *cell) string
}

// report is what an engine says of an application.
type report struct {
	// commit is the one that it has applied, or is at.
	commit string
	// busy is whether it waits for something before it looks at another commit.
	busy bool
	// settled is whether all is as that commit says, and healthy.
	settled bool
	// status is the status that a user sees.
	status string
	// looked changes whenever it has looked at the application again.
	looked string
}

// application is an object of an engine.
type application struct {
	client          dynamic.ResourceInterface
	kind            schema.GroupVersionResource
	namespace, name string
}

func applicationOf(kind schema.GroupVersionResource, namespace, name string) application {
	return application{objects.Resource(kind).Namespace(namespace), kind, namespace, name}
}

// resource is how kubectl names it.
func (a application) resource() string { return a.kind.Resource + "." + a.kind.Group + "/" + a.name }

// await waits until the application meets a condition.
func (a application) await(t testing.TB, what string, condition func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	t.Helper()
	options := func(o metav1.ListOptions) metav1.ListOptions {
		o.FieldSelector = harness.Named(a.name).String()
		return o
	}
	watcher := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return a.client.List(ctx, options(o))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return a.client.Watch(ctx, options(o))
		},
	}
	return harness.Await(t, watcher, what, condition)
}
