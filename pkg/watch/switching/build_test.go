package switching

import (
	"context"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// server is an API server that counts writes, with a controller whose cache may be behind it.
type server struct {
	client.Client
	t        *testing.T
	cached   []client.Object // what the cache has in place of what is stored
	recorder *events.FakeRecorder
	patches  []string
	fail     error
}

func newServer(t *testing.T, stored ...client.Object) *server {
	t.Helper()
	c := &server{t: t, recorder: events.NewFakeRecorder(100)}
	c.Client = Builder(t, cluster.AddIndexes).WithObjects(stored...).WithStatusSubresource().WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, next client.WithWatch, object client.Object, patch client.Patch, opts ...client.PatchOption) error {
			data, err := patch.Data(object)
			if err != nil {
				return err
			}
			c.patches = append(c.patches, string(data))
			if len(c.recorder.Events) > 0 {
				t.Error("an Event before the write")
			}
			if c.fail != nil {
				return c.fail
			}
			return next.Patch(ctx, object, patch, opts...)
		},
		Update: func(context.Context, client.WithWatch, client.Object, ...client.UpdateOption) error {
			t.Error("an Update")
			return nil
		},
	}).Build()
	return c
}

// reconcile runs the controller once on the cache's Service, and returns what it said in Events.
func (c *server) reconcile() ([]string, error) {
	c.t.Helper()
	cache := Builder(c.t, cluster.AddIndexes)
	for _, object := range c.known() {
		cache = cache.WithObjects(object)
	}
	controller := New(cluster.New(CachedReader{Client: c.Client, Cache: cache.Build()}, c.Client, c.recorder), false)
	_, err := controller.Reconcile(context.Background(), c.observed())
	var said []string
	for len(c.recorder.Events) > 0 {
		said = append(said, <-c.recorder.Events)
	}
	return said, err
}

// observed is the stored Service as the cache keeps it.
func (c *server) observed() *corev1.Service {
	c.t.Helper()
	return InCache(c.t, cluster.CacheByObject(), c.stored())
}

// known returns the Deployments of the cache.
func (c *server) known() []client.Object {
	c.t.Helper()
	if c.cached != nil {
		return c.cached
	}
	var list appsv1.DeploymentList
	if err := c.List(context.Background(), &list); err != nil {
		c.t.Fatal(err)
	}
	var known []client.Object
	for i := range list.Items {
		known = append(known, InCache(c.t, cluster.CacheByObject(), &list.Items[i]))
	}
	return known
}

func (c *server) stored() *corev1.Service {
	c.t.Helper()
	service := &corev1.Service{}
	if err := c.Get(context.Background(), client.ObjectKey{Namespace: "shop", Name: "nginx"}, service); err != nil {
		c.t.Fatal(err)
	}
	return service
}

// expect reconciles once and compares where traffic is, what is said and how many patches were sent.
func (c *server) expect(version, phase string, patches int, said ...string) {
	c.t.Helper()
	before := len(c.patches)
	got, err := c.reconcile()
	if err != nil {
		c.t.Fatal(err)
	}
	service := c.stored()
	if service.Spec.Selector["version"] != version || service.Annotations[bluegreen.PhaseKey] != phase {
		c.t.Errorf("traffic is on %v, phase %q", service.Spec.Selector, service.Annotations[bluegreen.PhaseKey])
	}
	if !slices.Equal(got, said) {
		c.t.Errorf("said %q, want %q", got, said)
	}
	if len(c.patches)-before != patches {
		c.t.Errorf("%d patches, want %d: %s", len(c.patches)-before, patches, c.patches[before:])
	}
}

// rewrite stores a Service as somebody else does, past the count of writes.
func (c *server) rewrite(service client.Object) {
	c.t.Helper()
	if err := c.Delete(context.Background(), c.stored()); err != nil {
		c.t.Fatal(err)
	}
	service.SetResourceVersion("")
	if err := c.Create(context.Background(), service); err != nil {
		c.t.Fatal(err)
	}
}

type failingReader struct {
	client.Reader
	err error
}

func (f failingReader) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return f.err
}
