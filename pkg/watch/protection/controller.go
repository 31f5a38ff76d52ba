// Package protection is the controller of Deployments in use: it takes the finalizer off those that no Service uses any more, and
// does what was held, a scale-down or a rollout. Putting the finalizer on is the switching controller's, before it moves traffic.
package protection

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// Controller does what comes next for Deployments that bluegreen protects.
type Controller struct {
	cluster    *cluster.Cluster
	protection bool
	drain      time.Duration
	drains     drains

	// started is when this process began to see what leaves.
	started time.Time
}

// New returns a Controller. protection reports whether Deployments in use are protected; otherwise none counts as used. drain is
// how long a Deployment is kept after traffic has left it, unless the Service says otherwise.
func New(cluster *cluster.Cluster, protection bool, drain time.Duration) *Controller {
	return &Controller{cluster: cluster, protection: protection, drain: drain, started: time.Now()}
}

var _ reconcile.ObjectReconciler[*appsv1.Deployment] = &Controller{}

// Reconcile observes, decides, and performs: the next step of a Deployment, once it has drained.
func (c *Controller) Reconcile(ctx context.Context, deployment *appsv1.Deployment) (reconcile.Result, error) {
	if !bluegreen.Unfinished(deployment) {
		return reconcile.Result{}, nil
	}
	state, err := c.observe(ctx, deployment)
	if err != nil {
		return reconcile.Result{}, err
	}
	decision := inuse.Decide(state)
	if len(decision.Writes) > 0 {
		defer c.cluster.Lock(deployment)()
		if decision, err = c.confirm(ctx, state); err != nil {
			return reconcile.Result{}, err
		}
	}
	if !decision.LookAgain.IsZero() {
		return reconcile.Result{RequeueAfter: decision.LookAgain.Sub(state.Now)}, nil
	}
	return reconcile.Result{}, c.cluster.Perform(ctx, deployment, bluegreen.Protecting, decision)
}

// observe gathers what decides about a Deployment, by the cache.
func (c *Controller) observe(ctx context.Context, deployment *appsv1.Deployment) (inuse.State, error) {
	state := inuse.State{Deployment: deployment, Protection: c.protection}
	var err error
	if state.Services, err = c.servicesOf(ctx, deployment); err != nil {
		return state, err
	}
	if state.Others, err = c.others(ctx, state); err != nil {
		return state, err
	}
	if state.Drained, err = c.drained(ctx, state); err != nil {
		return state, err
	}
	state.Now = time.Now() // Not before what has just been noted to be left.
	state.APINow = c.cluster.Now()
	state.Orphaned, err = c.orphaned(ctx, state)
	return state, err
}

// servicesOf returns the cache's Services that may use a Deployment, and those that its notes name: a Service that selects by the
// version alone is not found by the labels of pods that it has left.
func (c *Controller) servicesOf(ctx context.Context, deployment *appsv1.Deployment) ([]bluegreen.Service, error) {
	services, err := c.cluster.ServicesOf(ctx, deployment)
	if err != nil {
		return nil, err
	}
	held, _ := bluegreen.ParseScaleDown(deployment.Annotations[bluegreen.ScaleToZeroAfter])
	left, _ := bluegreen.LeftOf(deployment)
	for _, name := range []string{held.Service, left.Service} {
		if slices.ContainsFunc(services, func(service bluegreen.Service) bool { return service.Name == name }) {
			continue
		}
		service, err := c.service(ctx, deployment.Namespace, name)
		if err != nil {
			return nil, err
		}
		if service.Exists() {
			services = append(services, service)
		}
	}
	return services, nil
}

// confirm decides anew on the Services that the API server has.
func (c *Controller) confirm(ctx context.Context, before inuse.State) (bluegreen.Decision, error) {
	now := before
	var err error
	if now.Services, err = c.cluster.ReadServices(ctx, before.Deployment.Namespace); err != nil {
		return bluegreen.Decision{}, err
	}
	if now.Others, err = c.others(ctx, now); err != nil {
		return bluegreen.Decision{}, err
	}
	if before.Next() == inuse.StepUnprotect && now.Next() == inuse.StepUnprotect {
		if now.PodsServe, err = c.podsServe(ctx, now); err != nil {
			return bluegreen.Decision{}, err
		}
	}
	return inuse.Confirm(before, now), nil
}

// others returns the cache's Deployments of the Services, if they matter: to a rollout that is paused.
func (c *Controller) others(ctx context.Context, state inuse.State) ([]*appsv1.Deployment, error) {
	if !bluegreen.RolloutHeld(state.Deployment) {
		return nil, nil
	}
	return c.deploymentsOf(ctx, state.Services)
}

func (c *Controller) deploymentsOf(ctx context.Context, services []bluegreen.Service) ([]*appsv1.Deployment, error) {
	var all []*appsv1.Deployment
	for _, service := range services {
		found, err := c.cluster.DeploymentsOf(ctx, service)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// SetupWithManager registers the controller. It needs the cache of cluster.CacheByObject and the indexes of cluster.AddIndexes.
func (c *Controller) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named(cluster.Name+"-protection").
		Watches(&appsv1.Deployment{}, cluster.HandleChanges[*appsv1.Deployment](c.deploymentChanged)).
		Watches(&corev1.Service{}, cluster.HandleChanges[*corev1.Service](c.serviceChanged)).
		WithOptions(cluster.Options(10)).
		Complete(reconcile.AsReconciler(mgr.GetClient(), c))
}
