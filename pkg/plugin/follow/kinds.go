package follow

import (
	"context"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// Kind is a kind of object that is read and watched.
type Kind struct {
	resource string
	object   runtime.Object
	client   func(kubernetes.Interface) rest.Interface
	add      func(*view.Objects, any)

	// labels is a selector of those that matter; empty if all do.
	labels string
}

// Services are the kind without which there is nothing to show.
var Services = Kind{resource: "services", object: &corev1.Service{}, client: core, add: func(objects *view.Objects, object any) {
	objects.Services = append(objects.Services, object.(*corev1.Service))
}}

// Deployments are the kind whose pods Services select.
var Deployments = Kind{resource: "deployments", object: &appsv1.Deployment{}, client: apps, add: func(objects *view.Objects, object any) {
	objects.Deployments = append(objects.Deployments, object.(*appsv1.Deployment))
}}

// Shown are the kinds that tell which version a Service shows: its endpoints, and whose pods they are.
var Shown = []Kind{Services, pods, endpointSlices}

var (
	pods = Kind{resource: "pods", object: &corev1.Pod{}, client: core, add: func(objects *view.Objects, object any) {
		objects.Pods = append(objects.Pods, object.(*corev1.Pod))
	}}
	endpointSlices = Kind{resource: "endpointslices", object: &discoveryv1.EndpointSlice{}, client: discovery,
		add: func(objects *view.Objects, object any) {
			objects.EndpointSlices = append(objects.EndpointSlices, object.(*discoveryv1.EndpointSlice))
		}}
)

// All are the kinds of which a view consists.
var All = []Kind{
	Services,
	Deployments,
	pods,
	endpointSlices,
	{resource: "replicasets", object: &appsv1.ReplicaSet{}, client: apps, add: func(objects *view.Objects, object any) {
		objects.ReplicaSets = append(objects.ReplicaSets, object.(*appsv1.ReplicaSet))
	}},
	{resource: "events", object: &eventsv1.Event{}, client: events, add: func(objects *view.Objects, object any) {
		objects.Events = append(objects.Events, object.(*eventsv1.Event))
	}},
	{resource: "jobs", object: &batchv1.Job{}, client: batch, labels: bluegreen.CheckOf, add: func(objects *view.Objects, object any) {
		objects.Jobs = append(objects.Jobs, object.(*batchv1.Job))
	}},
}

func core(client kubernetes.Interface) rest.Interface      { return client.CoreV1().RESTClient() }
func apps(client kubernetes.Interface) rest.Interface      { return client.AppsV1().RESTClient() }
func discovery(client kubernetes.Interface) rest.Interface { return client.DiscoveryV1().RESTClient() }
func batch(client kubernetes.Interface) rest.Interface     { return client.BatchV1().RESTClient() }
func events(client kubernetes.Interface) rest.Interface    { return client.EventsV1().RESTClient() }

// stored returns the objects of the kind in a namespace; empty for all namespaces.
func (k Kind) stored(client kubernetes.Interface, namespace string) *cache.ListWatch {
	return cache.NewFilteredListWatchFromClient(k.client(client), k.resource, namespace, func(options *metav1.ListOptions) {
		options.LabelSelector = k.labels
	})
}

// optional reports whether a view can do without the kind, if somebody may not read it.
func (k Kind) optional() bool { return k.resource != Services.resource }

// Read lists each of some kinds once.
func Read(ctx context.Context, client kubernetes.Interface, namespace string, kinds ...Kind) (view.Objects, error) {
	lists, refused := make([]runtime.Object, len(kinds)), make([]error, len(kinds))
	group, ctx := errgroup.WithContext(ctx)
	for i, kind := range kinds {
		group.Go(func() (err error) {
			lists[i], err = kind.stored(client, namespace).ListWithContext(ctx, metav1.ListOptions{})
			if apierrors.IsForbidden(err) && kind.optional() {
				refused[i], err = err, nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return view.Objects{}, err
	}
	var objects view.Objects
	for i, kind := range kinds {
		if refused[i] != nil {
			objects.Unreadable = append(objects.Unreadable, refused[i].Error())
			continue
		}
		_ = meta.EachListItem(lists[i], func(object runtime.Object) error { // No item fails.
			kind.add(&objects, object)
			return nil
		})
	}
	return objects, nil
}
