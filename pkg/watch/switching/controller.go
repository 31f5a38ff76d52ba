// Package switching is the controller of Services: it observes a Service and the Deployments that matter to it, asks the ladder
// what to do, and does it. It remembers nothing between two calls.
package switching

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// Controller moves the traffic of a Service to its target when that is ready, and tells until then why it is not.
type Controller struct {
	cluster            *cluster.Cluster
	protection, checks bool
}

// New returns a Controller. protection reports whether Deployments in use are protected, and checks whether Jobs may be run.
func New(cluster *cluster.Cluster, protection, checks bool) *Controller {
	return &Controller{cluster: cluster, protection: protection, checks: checks}
}

var _ reconcile.ObjectReconciler[*corev1.Service] = &Controller{}

// Reconcile observes, decides, and performs.
func (c *Controller) Reconcile(ctx context.Context, object *corev1.Service) (reconcile.Result, error) {
	state, err := c.observe(ctx, bluegreen.Read(object))
	if err != nil {
		return reconcile.Result{}, err
	}
	state, decision, err := c.decide(ctx, state)
	if err != nil {
		return reconcile.Result{}, err
	}
	if decision.MovesTraffic() {
		// The other controller may be about to unprotect the destination: a switch back must not meet that.
		defer c.cluster.Lock(state.Destination()...)()
		if state, decision, err = c.confirm(ctx, state); err != nil {
			return reconcile.Result{}, err
		}
	}
	if decision, err = c.prepare(ctx, state, decision); err != nil {
		return reconcile.Result{}, err
	}
	if err := c.cluster.Perform(ctx, object, bluegreen.Switching, decision); err != nil || decision.LookAgain.IsZero() {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: decision.LookAgain.Sub(state.Now)}, nil
}

// decide decides on what has been observed, and anew on all that the API server has if that would be final.
func (c *Controller) decide(ctx context.Context, state ladder.State) (ladder.State, bluegreen.Decision, error) {
	decision := ladder.Decide(state)
	if !final(decision) {
		return state, decision, nil
	}
	anew, err := c.lookAnew(ctx, state)
	if err != nil || endsCheck(decision) && !anew.current {
		return state, bluegreen.Decision{}, err // A change of the Service is on its way through the watch.
	}
	return anew.State, ladder.Decide(anew.State), nil
}

// observe gathers what decides about a Service, by the cache.
func (c *Controller) observe(ctx context.Context, service bluegreen.Service) (ladder.State, error) {
	leader, err := c.cluster.LeaderOf(ctx, service)
	if err != nil {
		return ladder.State{}, err
	}
	led, err := c.ledBy(ctx, service)
	if err != nil {
		return ladder.State{}, err
	}
	followers := bluegreen.FollowersOf(service, led)
	deployments, err := c.cluster.DeploymentsOf(ctx, append(followers, service)...)
	if err != nil {
		return ladder.State{}, err
	}
	state := ladder.Observe(service.DueBy(leader), deployments, c.protection, c.cluster.Now()).LedBy(leader).With(followers, deployments)
	state.Checks, err = c.observeChecks(ctx, c.cluster.Client, service, led)
	return state, err
}

// final reports whether a decision gives up an ask, or what is live, or a check, which stays so whatever happens then.
func final(decision bluegreen.Decision) bool {
	return decision.Reason == bluegreen.ReasonFailed && len(decision.Writes) > 0 ||
		decision.Reason == bluegreen.ReasonRolledBack && decision.MovesTraffic() || endsCheck(decision) || losesCheck(decision)
}

// confirm decides anew on what the API server has, because an informer can be behind. The Services that are written cannot be behind:
// the writes carry their resourceVersions.
func (c *Controller) confirm(ctx context.Context, state ladder.State) (ladder.State, bluegreen.Decision, error) {
	if current, err := c.leaderIsAsSeen(ctx, state); err != nil || !current {
		return state, bluegreen.Decision{}, err // That change is on its way through the watch.
	}
	destination, err := c.cluster.ReadDeployments(ctx, state.Destination())
	if err != nil {
		return state, bluegreen.Decision{}, err
	}
	state, decision, err := c.decide(ctx, state.Refresh(destination))
	if err != nil {
		return state, bluegreen.Decision{}, err
	}
	return c.rehearse(ctx, state, decision)
}

// look is what a look at the API server shows of a Service, and whether that is as the cache has it.
type look struct {
	ladder.State
	current bool
}

// lookAnew observes all Deployments, followers and Jobs that the API server has: the informer may not even know the target yet.
func (c *Controller) lookAnew(ctx context.Context, state ladder.State) (look, error) {
	deployments, err := cluster.ListDeployments(ctx, c.cluster.APIReader, state.Service.Namespace)
	if err != nil {
		return look{}, err
	}
	services, err := c.cluster.ReadServices(ctx, state.Service.Namespace)
	if err != nil {
		return look{}, err
	}
	followers := bluegreen.FollowersOf(state.Service, services)
	anew := ladder.Observe(state.Service, deployments, state.Protection, state.Now).LedBy(state.Leader).With(followers, deployments)
	anew.Checks, err = c.observeChecks(ctx, c.cluster.APIReader, state.Service, services)
	anew.Checks.Obstacles = state.Checks.Obstacles
	return look{anew, cluster.Current(services, state.Service.Service)}, err
}

// SetupWithManager registers the controller. It needs the cache of cluster.CacheByObject and the indexes of cluster.AddIndexes.
func (c *Controller) SetupWithManager(mgr manager.Manager) error {
	controller := ctrl.NewControllerManagedBy(mgr).
		Named(cluster.Name).
		For(&corev1.Service{}, builder.WithPredicates(cluster.Concerned())).
		Watches(&corev1.Service{}, cluster.HandleChanges(c.serviceChanged)).
		Watches(&appsv1.Deployment{}, cluster.EnqueueMapped(c.servicesOf)).
		WithOptions(cluster.Options(30)) // A switch is mostly waiting for the API server.
	if c.checks {
		controller = controller.Owns(&batchv1.Job{})
	}
	return controller.Complete(reconcile.AsReconciler(mgr.GetClient(), c))
}

// serviceChanged counts, tells that somebody has given a Service back, or withdrawn an ask, and enqueues those that go together with it.
func (c *Controller) serviceChanged(ctx context.Context, before, after *corev1.Service, queue cluster.Queue) {
	c.cluster.Census.Service(before, after)
	if before != nil && after != nil {
		c.cluster.Tell(after, ladder.Ended(before, after, c.cluster.Now()))
	}
	c.enqueueTogether(ctx, before, after, queue)
}

// servicesOf returns the Services that a Deployment matters to: what matters to a follower does to its leader.
func (c *Controller) servicesOf(ctx context.Context, deployment *appsv1.Deployment) []client.ObjectKey {
	services, err := c.cluster.ServicesOf(ctx, deployment)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Services of a Deployment")
	}
	var keys []client.ObjectKey
	for _, service := range services {
		if service.Involves(deployment) || service.MayReturnTo(deployment) {
			keys = append(keys, client.ObjectKeyFromObject(service.Service))
			if service.Leader != "" {
				keys = append(keys, client.ObjectKey{Namespace: service.Namespace, Name: service.Leader})
			}
		}
	}
	return keys
}
