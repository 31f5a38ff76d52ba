package watch

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// nginx is a Service with traffic on version 1.10 and more to it than the cache keeps.
func nginx(annotations map[string]string) *corev1.Service {
	built := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx", UID: "1", Labels: map[string]string{"app": "shop"},
			Annotations: map[string]string{"example.org/load-balancer": "internal"}},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeLoadBalancer,
			Selector: map[string]string{"name": "nginx", "version": "1.10"},
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
		Status: corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}}},
	}
	for key, value := range annotations {
		built.Annotations[key] = value
	}
	return built
}

func asking(version string) *corev1.Service {
	return nginx(map[string]string{bluegreen.TargetVersion: version})
}

// ready is a Deployment of version 1.11 that can carry the traffic.
func ready(name string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: "2", Generation: 1, Labels: map[string]string{"app": "shop"}},
		Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](3), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"name": "nginx", "version": "1.11"}}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"name": "nginx", "version": "1.11"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx"}}},
		}},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 1, AvailableReplicas: 3, Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable", Message: "so it is"},
		}},
	}
}

func starting(name string) *appsv1.Deployment {
	built := ready(name)
	built.Status.AvailableReplicas = 0
	built.Status.Conditions[0].Status = corev1.ConditionFalse
	return built
}

// cluster is an API server that counts writes, with a controller whose cache may be behind it.
type cluster struct {
	client.Client
	t        *testing.T
	cached   []client.Object // what the cache has in place of what is stored
	recorder *events.FakeRecorder
	patches  []string
	fail     error
}

func newCluster(t *testing.T, stored ...client.Object) *cluster {
	t.Helper()
	c := &cluster{t: t, recorder: events.NewFakeRecorder(100)}
	c.Client = newBuilder().WithObjects(stored...).WithStatusSubresource().WithInterceptorFuncs(interceptor.Funcs{
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

func newBuilder() *fake.ClientBuilder {
	return fake.NewClientBuilder().WithScheme(scheme.Scheme).
		WithIndex(&corev1.Service{}, byLabel, serviceLabels).
		WithIndex(&appsv1.Deployment{}, byPodLabel, podLabels)
}

// cachedReader reads lists from what the cache has, and writes to the API server.
type cachedReader struct {
	client.Client
	cache client.Reader
}

func (c cachedReader) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return c.cache.List(ctx, list, opts...)
}

func (c cachedReader) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	return c.cache.Get(ctx, key, object, opts...)
}

// reconcile runs the controller once on the cache's Service, and returns what it said in Events.
func (c *cluster) reconcile() ([]string, error) {
	c.t.Helper()
	cache := newBuilder()
	for _, object := range c.known() {
		cache = cache.WithObjects(object)
	}
	controller := &Controller{client: cachedReader{c.Client, cache.Build()}, live: c.Client, letting: NewLetting(), recorder: c.recorder}
	_, err := controller.Reconcile(context.Background(), c.observed())
	var said []string
	for len(c.recorder.Events) > 0 {
		said = append(said, <-c.recorder.Events)
	}
	return said, err
}

// observed is the stored Service as the cache keeps it.
func (c *cluster) observed() *corev1.Service {
	c.t.Helper()
	return inCache(c.t, pack(keepOfService), c.stored())
}

// known returns the Deployments of the cache.
func (c *cluster) known() []client.Object {
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
		known = append(known, inCache(c.t, pack(keepOfDeployment), &list.Items[i]))
	}
	return known
}

func (c *cluster) stored() *corev1.Service {
	c.t.Helper()
	service := &corev1.Service{}
	if err := c.Get(context.Background(), client.ObjectKey{Namespace: "shop", Name: "nginx"}, service); err != nil {
		c.t.Fatal(err)
	}
	return service
}
