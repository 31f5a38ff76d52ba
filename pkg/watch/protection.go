package watch

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/keymutex"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Protection lets go of Deployments that no Service uses any more: it takes the finalizer off, and does what was held, a
// scale-down or a rollout. Putting the finalizer on is the Controller's, before it moves traffic.
type Protection struct {
	client   client.Client
	live     client.Reader
	recorder events.EventRecorder
	letting  *Letting
	lists    singleflight.Group
	listing  keymutex.KeyMutex
	enabled  bool
	drain    time.Duration
	drains   drains
}

// NewProtection returns a Protection that reads from the manager's cache; letting is shared with the Controller. If it is not
// enabled, no Deployment counts as used. drain is how long a Deployment is kept after traffic has left it, unless the Service says
// otherwise.
func NewProtection(mgr manager.Manager, letting *Letting, enabled bool, drain time.Duration) *Protection {
	return &Protection{
		client:   client.WithFieldOwner(mgr.GetClient(), Name),
		live:     mgr.GetAPIReader(),
		recorder: mgr.GetEventRecorder(Name),
		letting:  letting,
		listing:  keymutex.NewHashed(0),
		enabled:  enabled,
		drain:    drain,
	}
}

var _ reconcile.ObjectReconciler[*appsv1.Deployment] = &Protection{}

// Reconcile takes the next step of a Deployment that bluegreen keeps, once it has drained.
func (p *Protection) Reconcile(ctx context.Context, deployment *appsv1.Deployment) (reconcile.Result, error) {
	if !concernsProtection(deployment) {
		return reconcile.Result{}, nil
	}
	services, err := servicesOf(ctx, p.client, deployment)
	if err != nil {
		return reconcile.Result{}, err
	}
	step, err := p.next(ctx, deployment, services)
	if err != nil {
		return reconcile.Result{}, err
	}
	if step == bluegreen.StepNone {
		p.drains.used(deployment, services)
		return reconcile.Result{}, p.letOrphanerGo(ctx, deployment)
	}
	wait, err := p.wait(ctx, step, deployment, services)
	if err != nil || wait > 0 {
		return reconcile.Result{RequeueAfter: wait}, err
	}
	kept, err := p.take(ctx, step, deployment)
	if kept {
		// The cache may never show the use that the API server knows of, and then not its end either.
		return reconcile.Result{RequeueAfter: linger}, nil
	}
	return reconcile.Result{}, err
}

// next returns the next step, by the cache's Deployments.
func (p *Protection) next(ctx context.Context, deployment *appsv1.Deployment, services []*corev1.Service) (bluegreen.Step, error) {
	others, err := p.others(ctx, deployment, services)
	if err != nil {
		return bluegreen.StepNone, err
	}
	return bluegreen.NextStep(deployment, services, others, p.enabled), nil
}

// others returns the cache's Deployments of some Services, where they matter: to a rollout that waits.
func (p *Protection) others(ctx context.Context, deployment *appsv1.Deployment, services []*corev1.Service) ([]*appsv1.Deployment, error) {
	if !bluegreen.Paused(deployment) {
		return nil, nil
	}
	var all []*appsv1.Deployment
	for _, service := range services {
		found, err := deploymentsOf(ctx, p.client, service)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// wait returns how long a step is still to wait.
func (p *Protection) wait(ctx context.Context, step bluegreen.Step, deployment *appsv1.Deployment, services []*corev1.Service) (time.Duration, error) {
	switch step {
	case bluegreen.StepLetGo, bluegreen.StepResume:
		return p.draining(ctx, deployment, services)
	case bluegreen.StepRoll:
		return p.otherSlots(ctx, deployment, services)
	default:
		return 0, nil
	}
}

// take takes a step if the Services that the API server itself has lead to it, and says whether the Deployment is kept: a cache can
// be behind, and a Deployment that was let go cannot be had back.
func (p *Protection) take(ctx context.Context, step bluegreen.Step, deployment *appsv1.Deployment) (kept bool, err error) {
	defer p.letting.lock(deployment)()
	services, err := p.servicesNow(ctx, deployment.Namespace)
	if err != nil {
		return false, err
	}
	now, err := p.next(ctx, deployment, services)
	if err != nil {
		return false, err
	}
	if now != step {
		return true, nil
	}
	if p.enabled && step == bluegreen.StepLetGo {
		if serves, err := p.podsServe(ctx, deployment, services); err != nil || serves {
			return serves, err
		}
	}
	return false, p.written(ctx, deployment, p.write(ctx, step, deployment, services))
}

func (p *Protection) write(ctx context.Context, step bluegreen.Step, deployment *appsv1.Deployment, services []*corev1.Service) error {
	switch step {
	case bluegreen.StepForget:
		_, why := bluegreen.ScaleDownOf(deployment, services)
		return p.forgetScaleDown(ctx, deployment, why)
	case bluegreen.StepRoll, bluegreen.StepResume:
		return p.resume(ctx, step, deployment, services)
	default:
		return p.letGo(ctx, deployment, services)
	}
}

// written tells people of a write that the API server refused, and returns the error; none where somebody was faster.
func (p *Protection) written(ctx context.Context, deployment *appsv1.Deployment, err error) error {
	if err == nil || overtaken(ctx, p.live, deployment, err) {
		return nil
	}
	p.recorder.Eventf(deployment, nil, corev1.EventTypeWarning, "WriteFailed", "Protecting", "%s", bluegreen.Clip(err.Error()))
	return err
}

// servicesNow returns the Services of a namespace that the API server had at a moment after the call. After many switches at
// once, many ask: while one list is under way, all who come share the next.
func (p *Protection) servicesNow(ctx context.Context, namespace string) ([]*corev1.Service, error) {
	services, err, _ := p.lists.Do(namespace, func() (any, error) {
		p.listing.LockKey(namespace)
		defer func() { _ = p.listing.UnlockKey(namespace) }()
		p.lists.Forget(namespace) // Who comes from now on needs a list that starts later.
		return servicesIn(ctx, p.live, namespace)
	})
	if err != nil {
		return nil, err
	}
	return services.([]*corev1.Service), nil
}

// letGo does one step, which comes back through the watch: a scale-down that was held is done; then the finalizer goes, and a
// rollout that was paused goes on. A Deployment that has changed since it was seen is decided about anew.
func (p *Protection) letGo(ctx context.Context, deployment *appsv1.Deployment, services []*corev1.Service) error {
	switch held, _ := bluegreen.ScaleDownOf(deployment, services); held {
	case bluegreen.ScaleDownDue:
		return p.note(ctx, deployment, bluegreen.BoundScaleDown(deployment))
	case bluegreen.ScaleDownBound:
		if err := scale(ctx, p.client, deployment, 0); err != nil {
			return err
		}
		p.tell(deployment, "ScaleDownDone", "scaled to 0, as was asked for before its traffic moved")
		return nil
	}
	others, err := p.others(ctx, deployment, services)
	if err != nil {
		return err
	}
	if replicas, due := bluegreen.ReplicasDue(deployment, services, others); due {
		return scale(ctx, p.client, deployment, replicas)
	}
	ctrl.LoggerFrom(ctx).Info("Letting the Deployment go")
	_, paused := deployment.Annotations[bluegreen.ResumeAfter]
	if err := unprotect(ctx, p.client, deployment); err != nil {
		return err
	}
	if paused {
		p.tellResumed(deployment)
	}
	return nil
}

// forgetScaleDown removes the note of a scale-down that was done, or will not be done.
func (p *Protection) forgetScaleDown(ctx context.Context, deployment *appsv1.Deployment, why string) error {
	if err := p.note(ctx, deployment, nil); err != nil {
		return err
	}
	if replicas := ptr.Deref(deployment.Spec.Replicas, 1); replicas > 0 {
		p.tell(deployment, "ScaleDownForgotten", fmt.Sprintf("keeps its replicas (%d), and the scale-down to 0 that was held is forgotten: %s; "+
			"scale it to 0 again if that is still meant", replicas, why))
	}
	return nil
}

// note writes the note of a scale-down, or removes it.
func (p *Protection) note(ctx context.Context, deployment *appsv1.Deployment, note any) error {
	patch, err := rawPatch(types.MergePatchType, map[string]any{"metadata": map[string]any{
		"resourceVersion": deployment.ResourceVersion,
		"annotations":     map[string]any{bluegreen.ScaleToZeroAfter: note},
	}})
	if err != nil {
		return err
	}
	if err := p.client.Patch(ctx, deployment.DeepCopy(), patch); err != nil {
		return fmt.Errorf("noting a scale-down of Deployment %s: %w", deployment.Name, err)
	}
	return nil
}

func (p *Protection) tell(deployment *appsv1.Deployment, reason, message string) {
	p.recorder.Eventf(deployment, nil, corev1.EventTypeNormal, reason, "Scaling", "%s", message)
}

func concernsProtection(deployment *appsv1.Deployment) bool {
	_, held := deployment.Annotations[bluegreen.ScaleToZeroAfter]
	return held || bluegreen.Protected(deployment)
}

// SetupWithManager registers the protection. It needs the cache and the indexes of the Controller.
func (p *Protection) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named(Name+"-protection").
		Watches(&appsv1.Deployment{}, p.deployments()).
		Watches(&corev1.Service{}, p.services()).
		WithOptions(controller.Options{MaxConcurrentReconciles: 10, EnableWarmup: ptr.To(true), RateLimiter: retries()}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), p))
}
