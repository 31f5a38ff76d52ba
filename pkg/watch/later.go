package watch

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// linger is how long after a change of a Service the Deployments are looked at that it may not use any more, and that nobody waits
// for: others of a storm of switches still wait for theirs.
const linger = 2 * time.Second

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// services enqueues the Deployments that may matter to a Service that changed, before or after: what it no longer selects is what
// matters.
func (p *Protection) services() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { p.enqueue(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			p.enqueue(ctx, e.ObjectOld, q)
			p.enqueue(ctx, e.ObjectNew, q)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { p.enqueue(ctx, e.Object, q) },
	}
}

func (p *Protection) enqueue(ctx context.Context, service client.Object, q queue) {
	found, err := deploymentsOf(ctx, p.client, service.(*corev1.Service))
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Deployments of a Service")
	}
	for _, deployment := range found {
		request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(deployment)}
		if waitedFor(deployment) {
			q.Add(request)
		} else {
			q.AddAfter(request, linger)
		}
	}
}

// waitedFor says whether somebody waits for a Deployment to be gone, or scaled down.
func waitedFor(deployment *appsv1.Deployment) bool {
	_, held := deployment.Annotations[bluegreen.ScaleToZeroAfter]
	return held || deployment.DeletionTimestamp != nil
}
