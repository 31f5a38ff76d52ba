// Package watch is the controller: it observes a Service and the Deployments its target would select, asks pkg/bluegreen
// what to do, and does it in one write.
package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/sets"
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
}

// New returns a Controller that reads from the manager's cache.
func New(mgr manager.Manager) *Controller {
	return &Controller{
		client:   client.WithFieldOwner(mgr.GetClient(), Name),
		live:     mgr.GetAPIReader(),
		recorder: mgr.GetEventRecorder(Name),
	}
}

var _ reconcile.ObjectReconciler[*corev1.Service] = &Controller{}

// Reconcile observes, decides, and performs.
func (c *Controller) Reconcile(ctx context.Context, service *corev1.Service) (reconcile.Result, error) {
	deployments, err := c.deployments(ctx, service)
	if err != nil {
		return reconcile.Result{}, err
	}
	action := bluegreen.Decide(bluegreen.Observe(service, deployments))
	if action.Reason == bluegreen.ReasonSwitched {
		// An informer can be behind. The Service cannot: the write carries its resourceVersion.
		if deployments, err = c.readLive(ctx, deployments); err != nil {
			return reconcile.Result{}, err
		}
		action = bluegreen.Decide(bluegreen.Observe(service, deployments))
	}
	return reconcile.Result{}, c.perform(ctx, service, action)
}

// deployments returns those that may matter to the Service.
func (c *Controller) deployments(ctx context.Context, service *corev1.Service) ([]*appsv1.Deployment, error) {
	found := map[string]*appsv1.Deployment{}
	for _, label := range bluegreen.Labels(service) {
		var list appsv1.DeploymentList
		if err := c.client.List(ctx, &list, client.InNamespace(service.Namespace), client.MatchingFields{byPodLabel: label}); err != nil {
			return nil, fmt.Errorf("listing Deployments with pod label %s: %w", label, err)
		}
		for i := range list.Items {
			found[list.Items[i].Name] = &list.Items[i]
		}
	}
	return slices.Collect(maps.Values(found)), nil
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

// perform writes what the action changes, if anything, in one patch, and only then tells.
func (c *Controller) perform(ctx context.Context, service *corev1.Service, action bluegreen.Action) error {
	if !action.Changes(service) {
		return nil
	}
	patch, err := patchOf(service, action.Service)
	if err != nil {
		return err
	}
	err = c.client.Patch(ctx, action.Service, patch)
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // Somebody was faster; their write is on its way through the watch.
	}
	if err != nil {
		c.recorder.Eventf(service, nil, corev1.EventTypeWarning, "WriteFailed", activity, "%s", err)
		return fmt.Errorf("writing %s: %w", action.Reason, err)
	}
	c.tell(ctx, service, action)
	return nil
}

// activity is what the controller's Events say it was at.
const activity = "Switching"

func (c *Controller) tell(ctx context.Context, service *corev1.Service, action bluegreen.Action) {
	ctrl.LoggerFrom(ctx).Info("Wrote the Service", "reason", action.Reason, "message", action.Message)
	if action.Message != "" {
		c.recorder.Eventf(service, nil, corev1.EventTypeNormal, string(action.Reason), activity, "%s", action.Message)
	}
	if action.Reason == bluegreen.ReasonSwitched {
		switches.Inc()
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
	requests := sets.New[reconcile.Request]()
	for _, label := range podLabels(object) {
		var list corev1.ServiceList
		if err := c.client.List(ctx, &list, client.InNamespace(object.GetNamespace()), client.MatchingFields{byLabel: label}); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "Looking up the Services that select a label", "label", label)
		}
		for i := range list.Items {
			requests.Insert(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests.UnsortedList()
}
