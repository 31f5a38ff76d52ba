package switching

import (
	"cmp"
	"context"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// ledBy returns the cache's Services that a Service leads, if they matter: to a switch that is pending, or that is watched.
func (c *Controller) ledBy(ctx context.Context, service bluegreen.Service) ([]bluegreen.Service, error) {
	if _, _, watched := service.Window(); !service.Pending() && !watched {
		return nil, nil
	}
	return c.cluster.LedBy(ctx, service.Service)
}

// leaderIsAsSeen reports whether the API server has the same leader as the cache. There may be none.
func (c *Controller) leaderIsAsSeen(ctx context.Context, state ladder.State) (bool, error) {
	if !state.Leader.Exists() {
		return true, nil
	}
	leader, err := c.cluster.ReadLeaderOf(ctx, state.Service)
	return leader.Exists() && leader.ResourceVersion == state.Leader.ResourceVersion, err
}

// rehearse returns a decision to move traffic as it is if the API server lets every follower move, and otherwise one by which nothing
// moves: once the leader has moved, it is too late to find out.
func (c *Controller) rehearse(ctx context.Context, state ladder.State, decision bluegreen.Decision) (ladder.State,
	bluegreen.Decision, error) {
	for _, write := range decision.Writes {
		change, is := write.Change.(bluegreen.WriteService)
		if !is || change.Observed.Name == state.Service.Name {
			continue
		}
		refusal, overtaken, err := c.cluster.Rehearse(ctx, change)
		if err != nil || overtaken {
			return state, bluegreen.Decision{}, err // That change is on its way through the watch.
		}
		if refusal != "" {
			state = state.Refuse(change.Observed.Name, refusal)
			return state, ladder.Decide(state), nil
		}
	}
	return state, decision, nil
}

// enqueueTogether enqueues the Services that a changed one leads, and the one that leads it or led it before.
func (c *Controller) enqueueTogether(ctx context.Context, before, after *corev1.Service, queue cluster.Queue) {
	led, err := c.cluster.LedBy(ctx, cmp.Or(after, before))
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Services that another one leads")
	}
	for _, service := range led {
		queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(service.Service)})
	}
	for _, object := range []*corev1.Service{before, after} {
		if object == nil {
			continue
		}
		if leader := bluegreen.LeaderOf(object); leader != "" {
			queue.Add(reconcile.Request{NamespacedName: client.ObjectKey{Namespace: object.Namespace, Name: leader}})
		}
	}
}
