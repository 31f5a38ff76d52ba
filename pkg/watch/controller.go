// Package watch is the controller: it observes a Service and the Deployments its target would select, asks pkg/bluegreen
// what to do, and does it in one write.
package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
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
	letting  *Letting
	protect  bool
}

// New returns a Controller that reads from the manager's cache. protect says whether Deployments in use get the finalizer;
// letting is shared with the Protection.
func New(mgr manager.Manager, letting *Letting, protect bool) *Controller {
	return &Controller{
		client:   client.WithFieldOwner(mgr.GetClient(), Name),
		live:     mgr.GetAPIReader(),
		recorder: mgr.GetEventRecorder(Name),
		letting:  letting,
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
	if action.Reason != bluegreen.ReasonSwitched {
		return reconcile.Result{}, c.perform(ctx, service, action)
	}
	return reconcile.Result{}, c.move(ctx, state)
}

// move decides anew on what the API server has, because an informer can be behind, and performs. The Service cannot be
// behind: the write carries its resourceVersion.
func (c *Controller) move(ctx context.Context, state bluegreen.State) error {
	// It may be on its way out: a switch back must not overtake its being let go.
	defer c.letting.lock(state.Target...)()
	target, err := c.readLive(ctx, state.Target)
	if err != nil {
		return err
	}
	return c.perform(ctx, state.Service, bluegreen.Decide(state.Refresh(target)))
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

// perform writes what the action changes of the Service, and protects what serves; before traffic moves, what is to serve.
func (c *Controller) perform(ctx context.Context, service *corev1.Service, action bluegreen.Action) error {
	steps := []func(context.Context, *corev1.Service, bluegreen.Action) (bool, error){c.write, c.protectFor}
	if action.Reason == bluegreen.ReasonSwitched {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if done, err := step(ctx, service, action); !done || err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) protectFor(ctx context.Context, service *corev1.Service, action bluegreen.Action) (bool, error) {
	if !c.protect {
		return true, nil
	}
	return c.protectAll(ctx, service, action.Protect)
}

// write writes the Service in one patch, if there is something to write, and only then tells; false when somebody was faster.
func (c *Controller) write(ctx context.Context, service *corev1.Service, action bluegreen.Action) (bool, error) {
	if !action.Changes(service) {
		return true, nil
	}
	patch, err := patchOf(service, action.Service)
	if err != nil {
		return false, err
	}
	written := action.Service.DeepCopy()
	err = c.client.Patch(ctx, written, patch)
	if overtaken(ctx, c.live, service, err) {
		return false, nil
	}
	if err == nil && !maps.Equal(written.Spec.Selector, action.Service.Spec.Selector) {
		err = fmt.Errorf("selector %s was stored, not %s: another mutating webhook changed the write",
			labels.FormatLabels(written.Spec.Selector), labels.FormatLabels(action.Service.Spec.Selector))
	}
	if err != nil {
		return false, c.failed(service, fmt.Errorf("writing %s: %w", action.Reason, err))
	}
	c.tell(ctx, service, action)
	return true, c.disown(ctx, written)
}

// retries tells how long a failed item waits: longer each time, but never long after what failed is mended. There is no limit for all
// items together, as in controller-runtime's default: what waits for it would wait far longer.
func retries() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](5*time.Millisecond, 15*time.Second)
}

// activity is what the controller's Events say it was at.
const activity = "Switching"

func (c *Controller) tell(ctx context.Context, service *corev1.Service, action bluegreen.Action) {
	ctrl.LoggerFrom(ctx).Info("Wrote the Service", "reason", action.Reason, "message", action.Message)
	if action.Message != "" {
		c.recorder.Eventf(service, nil, eventType(action), string(action.Reason), activity, "%s", action.Message)
	}
	if action.Reason == bluegreen.ReasonSwitched {
		switches.Inc()
	}
}

// failed tells people of a write that the API server refused, and returns the error.
func (c *Controller) failed(service *corev1.Service, err error) error {
	c.recorder.Eventf(service, nil, corev1.EventTypeWarning, "WriteFailed", activity, "%s", bluegreen.Clip(err.Error()))
	return err
}

func eventType(action bluegreen.Action) string {
	if action.Warning {
		return corev1.EventTypeWarning
	}
	return corev1.EventTypeNormal
}

// SetupWithManager registers the controller. It needs the cache of CacheByObject.
func (c *Controller) SetupWithManager(ctx context.Context, mgr manager.Manager) error {
	if err := addIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	concerns := predicate.NewPredicateFuncs(func(object client.Object) bool {
		return bluegreen.Concerns(unpack[*corev1.Service](object))
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named(Name).
		For(&corev1.Service{}, builder.WithPredicates(concerns)).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(c.services)).
		// A switch is mostly waiting for the API server. The follower's informers run too, so that a new leader decides at once.
		WithOptions(controller.Options{MaxConcurrentReconciles: 30, EnableWarmup: ptr.To(true), RateLimiter: retries()}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), c))
}

// services returns those that a Deployment matters to.
func (c *Controller) services(ctx context.Context, object client.Object) []reconcile.Request {
	deployment := unpack[*appsv1.Deployment](object)
	found, err := servicesOf(ctx, c.client, deployment)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Looking up the Services of a Deployment")
	}
	return requests(slices.DeleteFunc(found, func(service *corev1.Service) bool { return !bluegreen.Matters(service, deployment) }))
}
