package watch

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// linger is how long after a change of a Service the Deployments are looked at that it may not use any more, and that nobody waits
// for: others of a storm of switches still wait for theirs.
const linger = 2 * time.Second

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// patient is a queue that takes everything later.
type patient struct{ queue }

func (p patient) Add(request reconcile.Request) { p.AddAfter(request, linger) }

// later has a handler enqueue everything later.
func later(h handler.EventHandler) handler.EventHandler {
	return handler.TypedFuncs[client.Object, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { h.Create(ctx, e, patient{q}) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) { h.Update(ctx, e, patient{q}) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { h.Delete(ctx, e, patient{q}) },
	}
}
