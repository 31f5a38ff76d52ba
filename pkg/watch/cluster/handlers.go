package cluster

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Queue is where handlers put what is to be reconciled.
type Queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// HandleChanges calls handle for every object of a kind that is created, changed or deleted. Before is nil for one that is created,
// and after for one that is deleted.
func HandleChanges[O client.Object](handle func(ctx context.Context, before, after O, queue Queue)) handler.EventHandler {
	var none O
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue Queue) {
			handle(ctx, none, unpack[O](e.Object), queue)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue Queue) {
			handle(ctx, unpack[O](e.ObjectOld), unpack[O](e.ObjectNew), queue)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue Queue) {
			handle(ctx, unpack[O](e.Object), none, queue)
		},
	}
}

// EnqueueMapped enqueues what a function names for every object of a kind that is created, changed or deleted.
func EnqueueMapped[O client.Object](names func(ctx context.Context, object O) []client.ObjectKey) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []reconcile.Request {
		var requests []reconcile.Request
		for _, name := range names(ctx, unpack[O](object)) {
			requests = append(requests, reconcile.Request{NamespacedName: name})
		}
		return requests
	})
}

// Concerned admits Services that bluegreen has anything to do with, and what is given back: a Job may still check it.
func Concerned() predicate.Predicate {
	concerns := func(object client.Object) bool { return bluegreen.Concerns(unpack[*corev1.Service](object)) }
	admits := predicate.NewPredicateFuncs(concerns)
	admits.UpdateFunc = func(e event.UpdateEvent) bool { return concerns(e.ObjectOld) || concerns(e.ObjectNew) }
	return admits
}

// Options are those of a controller. The follower's informers run too, so that a new leader decides at once. A failed item waits
// longer each time, but never long after what failed is mended. There is no limit for all items together, as in
// controller-runtime's default: what waits for it would wait far longer.
func Options(concurrent int) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: concurrent,
		EnableWarmup:            new(true),
		RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](
			5*time.Millisecond, 15*time.Second),
	}
}
