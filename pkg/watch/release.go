package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Release takes what bluegreen wrote off all Deployments of some namespaces (none named: all), for an installation that is
// about to end. It needs no running controller, and none must run, or the finalizers come back.
type Release struct {
	Client     client.WithWatch
	Namespaces []string
}

// startAgainTimeout is well within the grace period of a pod that was told to end.
const startAgainTimeout = 15 * time.Second

var errWatchEnded = errors.New("the watch has ended")

// End stops bluegreen and takes finalizers and notes off. It is refused where a Deployment that serves would die of it. If it fails,
// bluegreen has its replicas again, also when ctx has ended; what was let go and serves gets its finalizer from it then.
func (r Release) End(ctx context.Context, own client.ObjectKey) error {
	if err := r.each(ctx, refuseServing); err != nil {
		return err
	}
	replicas, err := r.stop(ctx, own)
	if err == nil {
		err = r.letAllGo(ctx)
	}
	if err != nil && replicas > 0 {
		return r.startAgain(ctx, own, replicas, err)
	}
	return err
}

func refuseServing(deployment *appsv1.Deployment, services []*corev1.Service) error {
	if held := bluegreen.HeldRolloutOf(deployment, services, nil); held == bluegreen.RolloutPending || held == bluegreen.RolloutInPlace {
		return fmt.Errorf("refusing to let Deployment %s in namespace %s go: it serves, and its new pod labels would take its pods out of the "+
			"Service; move its traffic to another version first, or put the labels back", deployment.Name, deployment.Namespace)
	}
	if deployment.DeletionTimestamp == nil || !bluegreen.InUse(deployment, services) {
		return nil
	}
	return fmt.Errorf("refusing to let Deployment %s in namespace %s go: it serves and is being deleted, and only bluegreen keeps it; "+
		"move its traffic to another version first, or delete the Service", deployment.Name, deployment.Namespace)
}

// letAllGo takes finalizers and notes off. What was refused before bluegreen was stopped may have come about meanwhile, and is
// refused here too.
func (r Release) letAllGo(ctx context.Context) error {
	return r.each(ctx, func(deployment *appsv1.Deployment, services []*corev1.Service) error {
		key := client.ObjectKeyFromObject(deployment)
		err := retry.OnError(retry.DefaultBackoff, raced, func() error { return r.letGo(ctx, key, services) })
		if err != nil {
			return fmt.Errorf("letting Deployment %s in namespace %s go: %w", deployment.Name, deployment.Namespace, err)
		}
		return nil
	})
}

// raced says whether a write may have met another. If it is somebody's admission webhook that says so, it says it again.
func raced(err error) bool { return apierrors.IsConflict(err) || apierrors.IsNotFound(err) }

// letGo writes over no Deployment that has changed since it was judged.
func (r Release) letGo(ctx context.Context, key client.ObjectKey, services []*corev1.Service) error {
	deployment := &appsv1.Deployment{}
	if err := r.Client.Get(ctx, key, deployment); err != nil {
		return client.IgnoreNotFound(err)
	}
	if err := refuseServing(deployment, services); err != nil {
		return err
	}
	if replicas, due := bluegreen.ReplicasDue(deployment, services, nil); due {
		if err := scale(ctx, r.Client, deployment, replicas); err != nil {
			return err
		}
		return r.letGo(ctx, key, services) // It has another resourceVersion now.
	}
	return unprotect(ctx, r.Client, deployment, bluegreen.ScaleToZeroAfter)
}

// each calls do for every Deployment that carries something of bluegreen's, with the Services of its namespace.
func (r Release) each(ctx context.Context, do func(*appsv1.Deployment, []*corev1.Service) error) error {
	deployments, err := r.deployments(ctx)
	if err != nil {
		return err
	}
	var services []*corev1.Service
	var errs []error
	for i, deployment := range deployments {
		if i == 0 || deployment.Namespace != deployments[i-1].Namespace {
			services, err = servicesIn(ctx, r.Client, deployment.Namespace)
		}
		if err := cmp.Or(err, context.Cause(ctx)); err != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, do(deployment, services))
	}
	return errors.Join(errs...)
}

// deployments returns what matters of the Deployments that carry something of bluegreen's, namespace by namespace.
func (r Release) deployments(ctx context.Context) ([]*appsv1.Deployment, error) {
	namespaces, err := r.namespaces(ctx)
	if err != nil {
		return nil, err
	}
	var found []*appsv1.Deployment
	for _, namespace := range namespaces {
		err := eachIn(ctx, r.Client, namespace, func() client.ObjectList { return &appsv1.DeploymentList{} }, func(object runtime.Object) {
			if deployment := object.(*appsv1.Deployment); concernsProtection(deployment) {
				found = append(found, keepOfDeployment(deployment))
			}
		})
		if apierrors.IsForbidden(err) {
			err = fmt.Errorf("%w; helm upgrade gives bluegreen a right back that it has lost", err)
		}
		if err != nil {
			return nil, fmt.Errorf("listing Deployments: %w", err)
		}
	}
	return found, nil
}

// namespaces returns those to work in. One that is gone took its Deployments along.
func (r Release) namespaces(ctx context.Context) ([]string, error) {
	if len(r.Namespaces) == 0 {
		return []string{corev1.NamespaceAll}, nil
	}
	var existing []string
	for _, name := range r.Namespaces {
		err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading namespace %s: %w", name, err)
		}
		existing = append(existing, name)
	}
	return existing, nil
}

// stop scales bluegreen's own Deployment to 0, waits until its pods have ended, and returns how many it had. One that is not there
// needs no stopping.
func (r Release) stop(ctx context.Context, key client.ObjectKey) (replicas int32, err error) {
	own := &appsv1.Deployment{}
	if err := r.Client.Get(ctx, key, own); err != nil {
		return 0, client.IgnoreNotFound(err)
	}
	replicas = ptr.Deref(own.Spec.Replicas, 1)
	if err := r.scaleOwn(ctx, key, 0); err != nil {
		return replicas, err
	}
	return replicas, r.awaitNoPods(ctx, key.Namespace, own.Spec.Selector.MatchLabels)
}

// startAgain gives bluegreen its replicas back, and returns why.
func (r Release) startAgain(ctx context.Context, key client.ObjectKey, replicas int32, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startAgainTimeout)
	defer cancel()
	if err := r.scaleOwn(ctx, key, replicas); err != nil {
		return errors.Join(why, fmt.Errorf("bluegreen is stopped, and could not be started again: %w", err))
	}
	return fmt.Errorf("bluegreen was stopped, and was given its %d replicas again: %w", replicas, why)
}

// scaleOwn needs no resourceVersion: whatever the Deployment looks like, this many pods are meant.
func (r Release) scaleOwn(ctx context.Context, key client.ObjectKey, replicas int32) error {
	patch, err := rawPatch(types.MergePatchType, map[string]any{"spec": map[string]any{"replicas": replicas}})
	if err != nil {
		return err
	}
	own := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	if err := r.Client.SubResource("scale").Patch(ctx, own, patch); err != nil {
		return fmt.Errorf("scaling Deployment %s to %d: %w", key, replicas, err)
	}
	return nil
}

func (r Release) awaitNoPods(ctx context.Context, namespace string, labels map[string]string) error {
	selection := []client.ListOption{client.InNamespace(namespace), client.MatchingLabels(labels)}
	watcher, err := r.Client.Watch(ctx, &corev1.PodList{}, selection...)
	if err != nil {
		return fmt.Errorf("watching the pods of bluegreen: %w", err)
	}
	defer watcher.Stop()
	for {
		var pods corev1.PodList
		if err := r.Client.List(ctx, &pods, selection...); err != nil {
			return fmt.Errorf("listing the pods of bluegreen: %w", err)
		}
		running := slices.DeleteFunc(pods.Items, ended)
		if len(running) == 0 {
			return nil
		}
		if _, open := <-watcher.ResultChan(); !open {
			return fmt.Errorf("waiting for %d pods of bluegreen to end: %w", len(running), cmp.Or(context.Cause(ctx), errWatchEnded))
		}
	}
}

// ended says whether no container of a pod will run any more. The object of one that was evicted stays.
func ended(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}
