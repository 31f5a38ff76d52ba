package protection

import (
	"cmp"
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// serviceChanged notes which Deployments traffic has left or come back to, and enqueues those that are not used any more, or to which
// traffic may return for another time than before. What a Service asks for changes what its followers use.
func (c *Controller) serviceChanged(ctx context.Context, old, current *corev1.Service, queue cluster.Queue) {
	before, err := c.cluster.OnItsWay(ctx, bluegreen.Read(old))
	after, afterErr := c.cluster.OnItsWay(ctx, bluegreen.Read(current))
	led, ledErr := c.cluster.LedBy(ctx, cmp.Or(current, old))
	if err := cmp.Or(err, afterErr, ledErr); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Services that go together with another one")
	}
	c.useChanged(ctx, before, after, queue)
	for _, follower := range led {
		c.useChanged(ctx, follower.NextBy(before), follower.NextBy(after), queue)
	}
	if before.Leader != "" && before.Leader != after.Leader {
		c.followerLeft(ctx, before, queue)
	}
}

// followerLeft enqueues what its leader's Deployments hold for a follower that has left it.
func (c *Controller) followerLeft(ctx context.Context, follower bluegreen.Service, queue cluster.Queue) {
	leader, err := c.cluster.Service(ctx, follower.Namespace, follower.Leader)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Service that led another one")
	}
	if leader.Exists() {
		c.useChanged(ctx, leader, leader, queue)
	}
}

// useChanged does that for one Service.
func (c *Controller) useChanged(ctx context.Context, before, after bluegreen.Service, queue cluster.Queue) {
	seen := map[string]bool{}
	for _, service := range []bluegreen.Service{before, after} {
		found, err := c.cluster.DeploymentsOf(ctx, service)
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "Looking up the Deployments of a Service")
		}
		for _, deployment := range found {
			if seen[deployment.Name] {
				continue
			}
			seen[deployment.Name] = true
			unused := before.Uses(deployment) && !after.Uses(deployment)
			c.noteDrain(deployment, before, after, unused)
			returns := before.ReturnsUntil(deployment) != after.ReturnsUntil(deployment)
			switch {
			case unused && after.RetireAfter != nil:
				queue.Add(requestFor(deployment)) // The next switch may come at once, and then this one is not on record any more.
			case unused || returns || waitedFor(deployment):
				enqueue(deployment, queue)
			}
		}
	}
}

// noteDrain notes that traffic of a Service has left a Deployment, or has come back to it.
func (c *Controller) noteDrain(deployment *appsv1.Deployment, before, after bluegreen.Service, unused bool) {
	switch {
	case after.HasTrafficOn(deployment):
		c.drains.comeBack(deployment, after.Name)
	case before.HasTrafficOn(deployment):
		c.drains.leave(deployment, before.Name)
	case unused:
		c.drains.leave(deployment) // It never had traffic, and does not drain.
	}
}

// deploymentChanged enqueues a Deployment on which bluegreen has something to finish, and tells what begins to be held.
func (c *Controller) deploymentChanged(ctx context.Context, before, after *appsv1.Deployment, queue cluster.Queue) {
	c.cluster.Census.Deployment(before, after)
	if after == nil {
		c.drains.forget(before)
		return
	}
	if !bluegreen.Unfinished(after) {
		c.drains.forget(after)
		return
	}
	if before != nil && bluegreen.RolloutHeld(before) && !bluegreen.RolloutHeld(after) {
		c.drains.comeBack(after, otherSlots) // Its rollout waits for them no more.
	}
	if before != nil && waitedFor(after) {
		c.tellHeld(ctx, before, after)
	}
	enqueue(after, queue)
}

// tellHeld tells what begins to be held with a change of a Deployment.
func (c *Controller) tellHeld(ctx context.Context, before, after *appsv1.Deployment) {
	services, err := c.cluster.ServicesOf(ctx, after)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Services of a Deployment")
	}
	for _, event := range inuse.Held(before, after, services) {
		c.cluster.Tell(after, &event)
	}
}

func enqueue(deployment *appsv1.Deployment, queue cluster.Queue) {
	if waitedFor(deployment) {
		queue.Add(requestFor(deployment))
	} else {
		queue.AddAfter(requestFor(deployment), inuse.Settle) // Pending switches go first, and a quick switch back still finds it.
	}
}

func requestFor(deployment *appsv1.Deployment) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKeyFromObject(deployment)}
}

// waitedFor reports whether somebody waits for a Deployment to be gone, scaled down, retired, or rolled out.
func waitedFor(deployment *appsv1.Deployment) bool {
	_, scaled := deployment.Annotations[bluegreen.ScaleToZeroAfter]
	_, left := deployment.Annotations[bluegreen.LeftKey]
	_, paused := deployment.Annotations[bluegreen.ResumeAfter]
	return scaled || left || paused || deployment.DeletionTimestamp != nil
}
