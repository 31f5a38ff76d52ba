package switching

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// This file holds all that the tests of the controller of Services know of how it is made and called.

// now is when controllers look.
var now = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

// setup is how a controller of Services differs from one that protects nothing and can read from the API server.
type setup struct {
	protection, checks bool
	apiReader          client.Reader
}

func newController(server *APIServer, with setup) *Controller {
	var apiReader client.Reader = server
	if with.apiReader != nil {
		apiReader = with.apiReader
	}
	shared := cluster.New(server.ThroughCache(), apiReader, server.Recorder, Elected)
	shared.Now = func() time.Time { return now }
	return New(shared, with.protection, with.checks)
}

// reconcileService reconciles a Service as it was seen, and returns the Events.
func reconcileService(server *APIServer, controller *Controller, seen *corev1.Service) (said []string, err error) {
	server.T.Helper()
	_, err = controller.Reconcile(server.T.Context(), seen)
	return server.Said(), err
}

// lookedAtAgain reconciles a Service as it was seen, and returns after how long it is looked at again; 0 for never.
func lookedAtAgain(t *testing.T, controller *Controller, seen *corev1.Service) time.Duration {
	t.Helper()
	result, err := controller.Reconcile(t.Context(), seen)
	if err != nil {
		t.Fatal(err)
	}
	return result.RequeueAfter
}

// reached returns the Services that an event of a Deployment reaches, as NAMESPACE/NAME.
func reached(ctx context.Context, controller *Controller, deployment *appsv1.Deployment) []string {
	var names []string
	for _, request := range controller.servicesOf(ctx, deployment) {
		names = append(names, request.String())
	}
	return names
}

// enqueued returns the Services that a changed one enqueues, by name.
func enqueued(t *testing.T, controller *Controller, before, after *corev1.Service) []string {
	t.Helper()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	controller.serviceChanged(t.Context(), before, after, queue)
	var names []string
	for queue.Len() > 0 {
		request, _ := queue.Get()
		names = append(names, request.Name)
	}
	slices.Sort(names)
	return names
}

// serviceChanged has the controller hear of a changed Service.
func serviceChanged(t *testing.T, controller *Controller, before, after *corev1.Service) {
	t.Helper()
	controller.serviceChanged(t.Context(), before, after, nil)
}
