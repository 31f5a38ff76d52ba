package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
)

// leaveOut takes those namespaces out of the ones to work in that may not be read.
func (o *options) leaveOut(ctx context.Context, config *rest.Config) error {
	cluster, err := client.New(config, client.Options{})
	if err != nil {
		return fmt.Errorf("setting up a client: %w", err)
	}
	if o.watchNamespaces, o.leftOut, err = split(ctx, cluster, o.watchNamespaces, o.cached()); err != nil {
		return err
	}
	metrics.NamespacesLeftOut.Set(float64(len(o.leftOut)))
	return nil
}

// worksNowhere reports whether every namespace was left out. The webhook answers all the same.
func (o *options) worksNowhere() bool { return len(o.leftOut) > 0 && len(o.watchNamespaces) == 0 }

// split tells namespaces that may be read from those that may not: their caches would never sync, and until all have synced
// nothing starts, for no namespace. Kubernetes deletes the Role with its namespace.
func split(ctx context.Context, cluster client.Reader, namespaces []string, kinds []client.ObjectList) (readable, leftOut []string,
	err error) {
	for _, namespace := range namespaces {
		switch err := read(ctx, cluster, namespace, kinds); {
		case err == nil:
			readable = append(readable, namespace)
		case apierrors.IsForbidden(err):
			leftOut = append(leftOut, namespace)
			klog.FromContext(ctx).Error(err, "Leaving a namespace out, which may not be read: nothing is switched or kept there. "+
				"If it is gone for good, take it out of watchNamespaces; otherwise create bluegreen's Role and RoleBinding there again "+
				"(helm upgrade)", "namespace", namespace)
		default:
			return nil, nil, err
		}
	}
	return readable, leftOut, nil
}

// cached returns what the caches are filled with.
func (o *options) cached() []client.ObjectList {
	kinds := []client.ObjectList{&corev1.ServiceList{}, &appsv1.DeploymentList{}}
	if o.checks {
		kinds = append(kinds, &batchv1.JobList{})
	}
	return kinds
}

// read returns an error unless all of some kinds can be read.
func read(ctx context.Context, cluster client.Reader, namespace string, kinds []client.ObjectList) error {
	for _, list := range kinds {
		if err := cluster.List(ctx, list, client.InNamespace(namespace), client.Limit(1)); err != nil {
			return fmt.Errorf("reading namespace %s: %w", namespace, err)
		}
	}
	return nil
}

// lookAgain is how often namespaces that were left out are looked at, at most twice that: the replicas had better not end at once.
const lookAgain = 15 * time.Second

// absence ends the process when a namespace that was left out may be read: started again, it works there too.
type absence struct {
	cluster    client.Reader
	namespaces []string
	kinds      []client.ObjectList
	end        context.CancelFunc
}

var _ manager.LeaderElectionRunnable = absence{}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (absence) NeedLeaderElection() bool { return false }

// Start implements manager.Runnable. It polls: without the right there is nothing to watch.
func (a absence) Start(ctx context.Context) error {
	if len(a.namespaces) == 0 {
		return nil
	}
	err := wait.PollUntilContextCancel(ctx, wait.Jitter(lookAgain, 1), false, func(ctx context.Context) (bool, error) {
		return slices.ContainsFunc(a.namespaces, func(namespace string) bool { return a.over(ctx, namespace) }), nil
	})
	if err == nil {
		a.end()
	}
	return nil // Otherwise the process ends already.
}

func (a absence) over(ctx context.Context, namespace string) bool {
	if read(ctx, a.cluster, namespace, a.kinds) != nil {
		return false
	}
	klog.FromContext(ctx).Info("Ending, to start again with a namespace that was left out and may be read now", "namespace", namespace)
	return true
}
