// Package uninstall ends an installation: it stops bluegreen, and takes what bluegreen wrote off all Deployments.
package uninstall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// Uninstaller takes what bluegreen wrote off all Deployments of some namespaces (none named: all). It needs no running controller,
// and none must run, or the finalizers come back.
type Uninstaller struct {
	Client     client.WithWatch
	Namespaces []string
}

// startAgainTimeout is well within the grace period of a pod that was told to end.
const startAgainTimeout = 15 * time.Second

var errWatchEnded = errors.New("the watch has ended")

// Run stops bluegreen and takes finalizers and notes off. It does not begin if a live Deployment would end by that, and returns why.
// If it fails later, bluegreen has its replicas again, also when ctx has ended; it then protects again what was unprotected and is
// live.
func (u Uninstaller) Run(ctx context.Context, own client.ObjectKey) error {
	err := u.each(ctx, func(state inuse.State) error {
		_, err := inuse.Uninstall(state)
		return err
	})
	if err != nil {
		return err
	}
	replicas, err := u.stop(ctx, own)
	if err == nil {
		err = u.unprotectAll(ctx)
	}
	if err != nil && replicas > 0 {
		return u.startAgain(ctx, own, replicas, err)
	}
	return err
}

// unprotectAll takes finalizers and notes off. What Run looked for before it stopped bluegreen may have come about
// meanwhile, so it is an error here too.
func (u Uninstaller) unprotectAll(ctx context.Context) error {
	return u.each(ctx, func(state inuse.State) error {
		key := client.ObjectKeyFromObject(state.Deployment)
		err := retry.OnError(retry.DefaultBackoff, raced, func() error { return u.unprotect(ctx, key, state.Services) })
		if err != nil {
			return fmt.Errorf("unprotecting Deployment %s in namespace %s: %w", key.Name, key.Namespace, err)
		}
		return nil
	})
}

// raced reports whether a write may have met another. If it is somebody's admission webhook that says so, it says it again.
func raced(err error) bool { return apierrors.IsConflict(err) || apierrors.IsNotFound(err) }

// unprotect writes over no Deployment that has changed since it was decided about.
func (u Uninstaller) unprotect(ctx context.Context, key client.ObjectKey, services []bluegreen.Service) error {
	for {
		deployment := &appsv1.Deployment{}
		if err := u.Client.Get(ctx, key, deployment); err != nil {
			return client.IgnoreNotFound(err)
		}
		decision, err := inuse.Uninstall(inuse.State{Deployment: deployment, Services: services})
		if err != nil {
			return err
		}
		change := decision.Writes[0].Change
		if err := cluster.Change(ctx, u.Client, change); err != nil {
			return err
		}
		if _, last := change.(bluegreen.Unprotect); last {
			return nil
		}
	}
}

// each calls do for every Deployment on which bluegreen has something to finish, with the Services of its namespace.
func (u Uninstaller) each(ctx context.Context, do func(inuse.State) error) error {
	deployments, err := u.deployments(ctx)
	if err != nil {
		return err
	}
	var services []bluegreen.Service
	var errs []error
	for i, deployment := range deployments {
		if i == 0 || deployment.Namespace != deployments[i-1].Namespace {
			services, err = cluster.ListServices(ctx, u.Client, deployment.Namespace)
		}
		if err := cmp.Or(err, context.Cause(ctx)); err != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, do(inuse.State{Deployment: deployment, Services: services}))
	}
	return errors.Join(errs...)
}

// deployments returns what matters of those on which bluegreen has something to finish, namespace by namespace.
func (u Uninstaller) deployments(ctx context.Context) ([]*appsv1.Deployment, error) {
	namespaces, err := u.namespaces(ctx)
	if err != nil {
		return nil, err
	}
	var found []*appsv1.Deployment
	for _, namespace := range namespaces {
		kept, err := cluster.ListUnfinished(ctx, u.Client, namespace)
		if apierrors.IsForbidden(err) {
			err = fmt.Errorf("%w; helm upgrade gives bluegreen a right back that it has lost", err)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, kept...)
	}
	return found, nil
}

// namespaces returns those to work in. One that is gone took its Deployments along.
func (u Uninstaller) namespaces(ctx context.Context) ([]string, error) {
	if len(u.Namespaces) == 0 {
		return []string{corev1.NamespaceAll}, nil
	}
	var existing []string
	for _, name := range u.Namespaces {
		err := u.Client.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{})
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
