package watchtest

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"

	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// Elected is closed: the code under test is the leader.
var Elected = func() <-chan struct{} {
	elected := make(chan struct{})
	close(elected)
	return elected
}()

// APIServer is a fake API server. Tests write to it as other people do; the code under test writes by its writer.
type APIServer struct {
	client.WithWatch
	T *testing.T

	// writer refuses plain updates, and Events that come before a write.
	Writer client.WithWatch

	// cached is what the cache holds, which may be behind; by default it holds what the server has.
	Cached client.Reader

	// RefusalOfJobs is what the code under test gets for Jobs that it creates, also as dry runs; nil if they are created.
	RefusalOfJobs error

	// patches are those that the code under test has sent, rehearsals those that were dry runs, and refusal, if there is one, what it
	// got for each; for those of one object if refusedName is not empty.
	Patches     []string
	Rehearsals  []string
	Refusal     error
	RefusedName string

	Recorder *events.FakeRecorder
}

// NewAPIServer returns an API server that holds some objects.
func NewAPIServer(t *testing.T, stored ...client.Object) *APIServer {
	t.Helper()
	server := &APIServer{
		T:         t,
		WithWatch: Storing(t, stored...).Build(),
		Recorder:  events.NewFakeRecorder(100),
	}
	funcs := interceptor.Funcs{Patch: server.patch, Update: server.update, Create: server.create}
	server.Writer = interceptor.NewClient(server.WithWatch, funcs)
	return server
}

// Storing builds fake API servers that hold some objects.
func Storing(t *testing.T, objects ...client.Object) *fake.ClientBuilder {
	t.Helper()
	builder := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects...)
	if err := cluster.AddIndexes(t.Context(), indexer{builder}); err != nil {
		t.Fatal(err)
	}
	return builder
}

// indexer gives a fake API server the indexes of a cache.
type indexer struct{ Builder *fake.ClientBuilder }

// IndexField implements client.FieldIndexer.
func (i indexer) IndexField(_ context.Context, object client.Object, field string, extract client.IndexerFunc) error {
	i.Builder.WithIndex(object, field, extract)
	return nil
}

func (s *APIServer) patch(ctx context.Context, next client.WithWatch, object client.Object, patch client.Patch,
	opts ...client.PatchOption) error {
	data, err := patch.Data(object)
	if err != nil {
		return err
	}
	if with := (&client.PatchOptions{}).ApplyOptions(opts); len(with.DryRun) > 0 {
		s.Rehearsals = append(s.Rehearsals, object.GetName()+" "+string(data))
		if err := s.rehearse(ctx, object, data); err != nil {
			return err
		}
	} else {
		s.Patches = append(s.Patches, string(data))
	}
	if service, is := object.(*corev1.Service); is && len(s.Recorder.Events) > 0 && bluegreen.LeaderOf(service) == "" {
		s.T.Error("an Event before the write")
	}
	if s.Refusal != nil && (s.RefusedName == "" || s.RefusedName == object.GetName()) {
		return s.Refusal
	}
	return next.Patch(ctx, object, patch, opts...)
}

// rehearse refuses a dry run as the API server does, and the fake one does not: of what is gone, or has changed.
func (s *APIServer) rehearse(ctx context.Context, object client.Object, data []byte) error {
	stored := object.DeepCopyObject().(client.Object)
	if err := s.Get(ctx, client.ObjectKeyFromObject(object), stored); err != nil {
		return err
	}
	if !strings.Contains(string(data), fmt.Sprintf(`"resourceVersion":%q`, stored.GetResourceVersion())) {
		return apierrors.NewConflict(corev1.Resource("services"), object.GetName(), errors.New("changed"))
	}
	return nil
}

// create creates a Job, with a UID as the API server gives it, and as a dry run nothing.
func (s *APIServer) create(ctx context.Context, next client.WithWatch, object client.Object, opts ...client.CreateOption) error {
	if s.RefusalOfJobs != nil {
		return s.RefusalOfJobs
	}
	stored := object.DeepCopyObject().(client.Object)
	if err := s.Get(ctx, client.ObjectKeyFromObject(object), stored); err == nil {
		return apierrors.NewAlreadyExists(batchv1.Resource("jobs"), object.GetName())
	}
	if with := (&client.CreateOptions{}).ApplyOptions(opts); len(with.DryRun) > 0 {
		return nil
	}
	object.SetUID("3")
	return next.Create(ctx, object, opts...)
}

func (s *APIServer) update(context.Context, client.WithWatch, client.Object, ...client.UpdateOption) error {
	s.T.Error("an Update")
	return nil
}

// CacheHolds fixes what the cache holds from now on.
func (s *APIServer) CacheHolds(objects ...client.Object) {
	s.T.Helper()
	s.Cached = Storing(s.T, objects...).Build()
}

// ThroughCache is the client of the code under test: it reads from the cache, and writes to the server.
func (s *APIServer) ThroughCache() client.Client { return cachedClient{s.Writer, s} }

type cachedClient struct {
	client.Client
	Server *APIServer
}

// List reads from the cache.
func (c cachedClient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return c.Server.cache().List(ctx, list, opts...)
}

// Get reads from the cache.
func (c cachedClient) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	return c.Server.cache().Get(ctx, key, object, opts...)
}

func (s *APIServer) cache() client.Reader {
	s.T.Helper()
	if s.Cached != nil {
		return s.Cached
	}
	return Storing(s.T, slices.Concat(s.ServicesInCache(), s.DeploymentsInCache(), s.JobsInCache())...).Build()
}

// ServicesInCache are all Services as the cache hands them out.
func (s *APIServer) ServicesInCache() []client.Object {
	s.T.Helper()
	var list corev1.ServiceList
	if err := s.List(s.T.Context(), &list); err != nil {
		s.T.Fatal(err)
	}
	return allInCache(s.T, list.Items)
}

// DeploymentsInCache are all Deployments as the cache hands them out.
func (s *APIServer) DeploymentsInCache() []client.Object {
	s.T.Helper()
	var list appsv1.DeploymentList
	if err := s.List(s.T.Context(), &list); err != nil {
		s.T.Fatal(err)
	}
	return allInCache(s.T, list.Items)
}

// JobsInCache are all Jobs as the cache hands them out.
func (s *APIServer) JobsInCache() []client.Object {
	s.T.Helper()
	return allInCache(s.T, s.Jobs())
}

// Jobs are all that the server has.
func (s *APIServer) Jobs() []batchv1.Job {
	s.T.Helper()
	var list batchv1.JobList
	if err := s.List(s.T.Context(), &list); err != nil {
		s.T.Fatal(err)
	}
	return list.Items
}

func allInCache[T any, O kind[T]](t *testing.T, items []T) []client.Object {
	t.Helper()
	var held []client.Object
	for i := range items {
		held = append(held, InCache(t, cluster.CacheByObject(), O(&items[i])))
	}
	return held
}

// Said returns the Events since it was last asked.
func (s *APIServer) Said() []string {
	var said []string
	for len(s.Recorder.Events) > 0 {
		said = append(said, <-s.Recorder.Events)
	}
	return said
}

// Rewrite stores a Service anew, as somebody does who deletes and creates it.
func (s *APIServer) Rewrite(service *corev1.Service) {
	s.T.Helper()
	if err := s.Delete(s.T.Context(), s.Service()); err != nil {
		s.T.Fatal(err)
	}
	service.ResourceVersion = ""
	if err := s.Create(s.T.Context(), service); err != nil {
		s.T.Fatal(err)
	}
}

// Service returns what the server has of the Service nginx.
func (s *APIServer) Service() *corev1.Service {
	s.T.Helper()
	return Stored(s.T, s, Nginx())
}

// Stored returns what the server has of a Deployment.
func (s *APIServer) Stored(deployment *appsv1.Deployment) *appsv1.Deployment {
	s.T.Helper()
	return Stored(s.T, s, deployment)
}

// Stored returns what a server has of an object.
func Stored[T any, O kind[T]](t *testing.T, server client.Reader, object O) O {
	t.Helper()
	found := O(new(T))
	if err := server.Get(t.Context(), client.ObjectKeyFromObject(object), found); err != nil {
		t.Fatal(err)
	}
	return found
}

// kind is a type of k8s.io/api.
type kind[T any] interface {
	*T
	client.Object
}

// ServiceInCache is the Service nginx as a cache that is not behind hands it out.
func (s *APIServer) ServiceInCache() *corev1.Service {
	s.T.Helper()
	return InCache(s.T, cluster.CacheByObject(), s.Service())
}

// ExpectOneEvent compares type and reason of the one Event, and looks for the parts in its message.
func ExpectOneEvent(t *testing.T, said []string, typeAndReason string, parts ...string) {
	t.Helper()
	if len(said) != 1 || !strings.HasPrefix(said[0], typeAndReason+" ") {
		t.Errorf("said %q, want one %s", said, typeAndReason)
		return
	}
	for _, part := range parts {
		if !strings.Contains(said[0], part) {
			t.Errorf("said %q, want %q in it", said[0], part)
		}
	}
}
