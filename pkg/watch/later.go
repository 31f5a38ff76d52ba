package watch

import (
	"context"

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
	seen := map[string]bool{}
	for _, service := range []*corev1.Service{before, after} {
		found, err := deploymentsOf(ctx, p.client, service)
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "Looking up the Deployments of a Service")
		}
		for _, deployment := range found {
			if seen[deployment.Name] {
				continue
			}
			seen[deployment.Name] = true
			p.noteDrain(deployment, before, after)
			if waitedFor(deployment) || uses(before, deployment) && !uses(after, deployment) {
				add(deployment, q)
			}
		}
	}
}

// noteDrain notes that traffic of a Service has left a Deployment, or has come back to it.
func (p *Protection) noteDrain(deployment *appsv1.Deployment, before, after *corev1.Service) {
	name := before.Name
	if name == "" {
		name = after.Name
	}
	switch had, has := bluegreen.Selected(before, deployment), bluegreen.Selected(after, deployment); {
	case has:
		p.drains.comeBack(deployment, name)
	case had:
		p.drains.leave(deployment, name)
	case uses(before, deployment) && !uses(after, deployment):
		p.drains.leave(deployment) // It never had traffic, and does not drain.
	}
}

// deployments enqueues a Deployment that changed.
func (p *Protection) deployments() handler.EventHandler {
	changed := func(deployment *appsv1.Deployment, q queue) {
		if concernsProtection(deployment) {
			add(deployment, q)
		} else {
			p.drains.forget(deployment)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
			changed(unpack[*appsv1.Deployment](e.Object), q)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			changed(unpack[*appsv1.Deployment](e.ObjectNew), q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, _ queue) {
			p.drains.forget(unpack[*appsv1.Deployment](e.Object))
		},
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

// waitedFor says whether somebody waits for a Deployment to be gone, scaled down, or rolled out.
func waitedFor(deployment *appsv1.Deployment) bool {
	_, scaled := deployment.Annotations[bluegreen.ScaleToZeroAfter]
	_, paused := deployment.Annotations[bluegreen.ResumeAfter]
	return scaled || paused || deployment.DeletionTimestamp != nil
}
