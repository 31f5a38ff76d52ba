// Package watch is the controller: it observes a Service and the Deployments its target would select, asks pkg/bluegreen
// what to do, and does it in one write.
package watch

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Name is the controller's: in Events, in managed fields, in logs.
const Name = "bluegreen"

// Controller moves the traffic of a Service to its target version when that is ready, and says why not until then. It
// remembers nothing between two calls.
type Controller struct {
	client   client.Client
	live     client.Reader
	recorder events.EventRecorder
	protect  bool
}

// New returns a Controller that reads from the manager's cache. protect says whether Deployments in use get the finalizer.
func New(mgr manager.Manager, protect bool) *Controller {
	return &Controller{
		client:   client.WithFieldOwner(mgr.GetClient(), Name),
		live:     mgr.GetAPIReader(),
		recorder: mgr.GetEventRecorder(Name),
		protect:  protect,
	}
}

var _ reconcile.ObjectReconciler[*corev1.Service] = &Controller{}

// Reconcile observes, decides, and performs.
func (c *Controller) Reconcile(ctx context.Context, service *corev1.Service) (reconcile.Result, error) {
	deployments, err := deploymentsOf(ctx, c.client, service)
	if err != nil {
		return reconcile.Result{}, err
	}
	state := bluegreen.Observe(service, deployments)
	action := bluegreen.Decide(state)
	if action.Reason == bluegreen.ReasonSwitched {
		// An informer can be behind. The Service cannot: the write carries its resourceVersion.
		target, err := c.readLive(ctx, state.Target)
		if err != nil {
			return reconcile.Result{}, err
		}
		action = bluegreen.Decide(bluegreen.Observe(service, append(target, without(state.Live, state.Target)...)))
	}
	return reconcile.Result{}, c.perform(ctx, service, action)
}

// without returns those Deployments of one namespace that are not among others.
func without(deployments, others []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(deployment *appsv1.Deployment) bool {
		return slices.ContainsFunc(others, func(other *appsv1.Deployment) bool { return other.Name == deployment.Name })
	})
}

// readLive reads Deployments from the API server; one that is gone is left out.
func (c *Controller) readLive(ctx context.Context, deployments []*appsv1.Deployment) ([]*appsv1.Deployment, error) {
	var live []*appsv1.Deployment
	for _, deployment := range deployments {
		current := &appsv1.Deployment{}
		err := c.live.Get(ctx, client.ObjectKeyFromObject(deployment), current)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading Deployment %s: %w", deployment.Name, err)
		}
		if err == nil {
			live = append(live, current)
		}
	}
	return live, nil
}

// perform protects what is to serve, then writes what the action changes of the Service, if anything, in one patch, and only
// then tells.
func (c *Controller) perform(ctx context.Context, service *corev1.Service, action bluegreen.Action) error {
	if c.protect {
		if done, err := c.protectAll(ctx, action.Protect); !done || err != nil {
			return err
		}
	}
	if !action.Changes(service) {
		return nil
	}
	patch, err := patchOf(service, action.Service)
	if err != nil {
		return err
	}
	err = c.client.Patch(ctx, action.Service, patch)
	if overtaken(err) {
		return nil
	}
	if err != nil {
		c.recorder.Eventf(service, nil, corev1.EventTypeWarning, "WriteFailed", activity, "%s", err)
		return fmt.Errorf("writing %s: %w", action.Reason, err)
	}
	c.tell(ctx, service, action)
	return nil
}

// overtaken says whether somebody was faster: what they wrote is on its way through the watch, and will be decided about.
func overtaken(err error) bool { return apierrors.IsConflict(err) || apierrors.IsNotFound(err) }

// activity is what the controller's Events say it was at.
const activity = "Switching"

func (c *Controller) tell(ctx context.Context, service *corev1.Service, action bluegreen.Action) {
	ctrl.LoggerFrom(ctx).Info("Wrote the Service", "reason", action.Reason, "message", action.Message)
	if action.Message != "" {
		c.recorder.Eventf(service, nil, eventType(action.Reason), string(action.Reason), activity, "%s", action.Message)
	}
	if action.Reason == bluegreen.ReasonSwitched {
		switches.Inc()
	}
}

func eventType(reason bluegreen.Reason) string {
	switch reason {
	case bluegreen.ReasonLiveDeleting, bluegreen.ReasonLiveScaledToZero, bluegreen.ReasonInvalid:
		return corev1.EventTypeWarning
	default:
		return corev1.EventTypeNormal
	}
}

// SetupWithManager registers the controller. It needs the cache of CacheByObject.
func (c *Controller) SetupWithManager(ctx context.Context, mgr manager.Manager) error {
	if err := addIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	concerns := predicate.NewPredicateFuncs(func(object client.Object) bool {
		return bluegreen.Concerns(object.(*corev1.Service))
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named(Name).
		For(&corev1.Service{}, builder.WithPredicates(concerns)).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(c.services)).
		// The follower's informers run too, so that a new leader decides at once.
		WithOptions(controller.Options{MaxConcurrentReconciles: 10, EnableWarmup: ptr.To(true)}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), c))
}

// services returns those that a Deployment may matter to.
func (c *Controller) services(ctx context.Context, object client.Object) []reconcile.Request {
	found, err := servicesOf(ctx, c.client, object.(*appsv1.Deployment))
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Services of a Deployment")
	}
	return requests(found)
}
