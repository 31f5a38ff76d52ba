package watchtest

import (
	"context"
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// Builder builds a fake client with indexes.
func Builder(t *testing.T, addIndexes func(context.Context, client.FieldIndexer) error) *fake.ClientBuilder {
	t.Helper()
	builder := fake.NewClientBuilder().WithScheme(scheme.Scheme)
	if err := addIndexes(t.Context(), indexer{builder}); err != nil {
		t.Fatal(err)
	}
	return builder
}

type indexer struct{ *fake.ClientBuilder }

// IndexField implements client.FieldIndexer.
func (i indexer) IndexField(_ context.Context, object client.Object, field string, keys client.IndexerFunc) error {
	i.WithIndex(object, field, keys)
	return nil
}

// CachedReader reads lists from what the cache has, and writes to the API server.
type CachedReader struct {
	client.Client
	Cache client.Reader
}

func (c CachedReader) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return c.Cache.List(ctx, list, opts...)
}

func (c CachedReader) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	return c.Cache.Get(ctx, key, object, opts...)
}

func Current(t *testing.T, c client.Client, deployment *appsv1.Deployment) *appsv1.Deployment {
	t.Helper()
	found := &appsv1.Deployment{}
	if err := c.Get(context.Background(), client.ObjectKeyFromObject(deployment), found); err != nil {
		t.Fatal(err)
	}
	return found
}

// InCache returns an object as the cache hands it out.
func InCache[O client.Object](t *testing.T, options map[client.Object]cache.ByObject, object O) O {
	t.Helper()
	for kind, kept := range options {
		if reflect.TypeOf(kind) != reflect.TypeOf(object) {
			continue
		}
		held, err := kept.Transform(object)
		if err != nil {
			t.Fatal(err)
		}
		return held.(client.Object).DeepCopyObject().(O)
	}
	t.Fatalf("the cache holds no %T", object)
	return object
}
