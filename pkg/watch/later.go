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

// linger is how much later than a change a Deployment that nobody waits for is looked at, and with it all that changes meanwhile:
// others of a storm of switches still wait for theirs, and a switch back in that time need not wait until it is let go.
const linger = 5 * time.Second

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// services enqueues the Deployments that a change of a Service lets go of.
func (p *Protection) services() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) {
			p.enqueue(ctx, &corev1.Service{}, unpack[*corev1.Service](e.Object), q)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			p.enqueue(ctx, unpack[*corev1.Service](e.ObjectOld), unpack[*corev1.Service](e.ObjectNew), q)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) {
			p.enqueue(ctx, unpack[*corev1.Service](e.Object), &corev1.Service{}, q)
		},
	}
}

func (p *Protection) enqueue(ctx context.Context, before, after *corev1.Service, q queue) {
	for _, service := range []*corev1.Service{before, after} {
		found, err := deploymentsOf(ctx, p.client, service)
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "Looking up the Deployments of a Service")
		}
		for _, deployment := range found {
			if waitedFor(deployment) || uses(before, deployment) && !uses(after, deployment) {
				add(deployment, q)
			}
		}
	}
}

// deployments enqueues a Deployment that changed.
func deployments() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { add(unpack[*appsv1.Deployment](e.Object), q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { add(unpack[*appsv1.Deployment](e.ObjectNew), q) },
	}
}

func add(deployment *appsv1.Deployment, q queue) {
	request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(deployment)}
	if waitedFor(deployment) {
		q.Add(request)
	} else {
		q.AddAfter(request, linger)
	}
}

func uses(service *corev1.Service, deployment *appsv1.Deployment) bool {
	return bluegreen.InUse(deployment, []*corev1.Service{service})
}

// waitedFor says whether somebody waits for a Deployment to be gone, or scaled down.
func waitedFor(deployment *appsv1.Deployment) bool {
	_, held := deployment.Annotations[bluegreen.ScaleToZeroAfter]
	return held || deployment.DeletionTimestamp != nil
}
