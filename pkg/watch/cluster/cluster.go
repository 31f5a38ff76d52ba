// Package cluster is how the controllers see and change the cluster: the cache and its indexes, reads from the API server, and the
// writes that a decision asks for. What to write is decided elsewhere.
package cluster

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/keymutex"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
)

// Name is bluegreen's: in Events, in managed fields, in logs.
const Name = "bluegreen"

// Cluster is what the controllers share.
type Cluster struct {
	// Client reads from the cache, and writes. APIReader reads from the API server: a cache can be behind.
	Client    client.Client
	APIReader client.Reader

	// Now tells the time as the API server has it.
	Now func() time.Time

	// Census is told of every change of a Service or a Deployment.
	Census *metrics.Census

	// Heard is told of every write of a Service whether the webhook admitted it.
	Heard func(admitted bool)

	recorder events.EventRecorder
	elected  <-chan struct{}

	locks   *locks
	lists   singleflight.Group
	listing keymutex.KeyMutex
}

// Of returns the cluster of a manager, which needs the cache of CacheByObject, and whose client the clock listens to.
func Of(mgr manager.Manager, clock *Clock) *Cluster {
	cluster := New(mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder(Name), mgr.Elected())
	cluster.Now = clock.Now
	return cluster
}

// New returns a cluster. elected is closed once this process is the leader: before, its recorder stays silent.
func New(cached client.Client, apiReader client.Reader, recorder events.EventRecorder, elected <-chan struct{}) *Cluster {
	return &Cluster{
		Client:    client.WithFieldOwner(cached, Name),
		APIReader: apiReader,
		Now:       time.Now,
		Census:    metrics.NewCensus(elected),
		Heard:     func(bool) {},
		recorder:  recorder,
		elected:   elected,
		locks:     newLocks(),
		listing:   keymutex.NewHashed(0),
	}
}

// Lock keeps the other controller from writing some Deployments until it is unlocked.
func (c *Cluster) Lock(deployments ...*appsv1.Deployment) (unlock func()) {
	return c.locks.lock(deployments...)
}

// DeploymentsOf returns the cache's Deployments that some Services of a namespace may involve.
func (c *Cluster) DeploymentsOf(ctx context.Context, services ...bluegreen.Service) ([]*appsv1.Deployment, error) {
	var found []*appsv1.Deployment
	asked, seen := map[string]bool{}, map[string]bool{}
	for _, service := range services {
		for _, label := range service.IndexKeys() {
			if asked[label] {
				continue
			}
			asked[label] = true
			var list appsv1.DeploymentList
			if err := c.Client.List(ctx, &list, client.InNamespace(service.Namespace), client.MatchingFields{byPodLabel: label}); err != nil {
				return nil, fmt.Errorf("listing Deployments with pod label %s: %w", label, err)
			}
			for i := range list.Items {
				if deployment := &list.Items[i]; !seen[deployment.Name] {
					seen[deployment.Name] = true
					found = append(found, deployment)
				}
			}
		}
	}
	return found, nil
}

// ServicesOf returns the cache's Services that may involve a Deployment. Those that are led are on their way to where their leaders are.
func (c *Cluster) ServicesOf(ctx context.Context, deployment *appsv1.Deployment) ([]bluegreen.Service, error) {
	var found []bluegreen.Service
	seen := map[string]bool{}
	for _, label := range bluegreen.PodLabels(deployment) {
		var list corev1.ServiceList
		if err := c.Client.List(ctx, &list, client.InNamespace(deployment.Namespace), client.MatchingFields{byLabel: label}); err != nil {
			return nil, fmt.Errorf("listing Services that select label %s: %w", label, err)
		}
		for i := range list.Items {
			if service := &list.Items[i]; !seen[service.Name] {
				seen[service.Name] = true
				found = append(found, bluegreen.Read(service))
			}
		}
	}
	for i, service := range found {
		var err error
		if found[i], err = c.OnItsWay(ctx, service); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ReadDeployments reads Deployments from the API server; one that is gone is left out.
func (c *Cluster) ReadDeployments(ctx context.Context, deployments []*appsv1.Deployment) ([]*appsv1.Deployment, error) {
	var found []*appsv1.Deployment
	for _, deployment := range deployments {
		current := &appsv1.Deployment{}
		err := c.APIReader.Get(ctx, client.ObjectKeyFromObject(deployment), current)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading Deployment %s: %w", deployment.Name, err)
		}
		if err == nil {
			found = append(found, current)
		}
	}
	return found, nil
}

// ReadServices returns the Services of a namespace that the API server had at a moment after the call. After many switches at
// once, many ask: while one list is under way, all who come share the next.
func (c *Cluster) ReadServices(ctx context.Context, namespace string) ([]bluegreen.Service, error) {
	services, err, _ := c.lists.Do(namespace, func() (any, error) {
		c.listing.LockKey(namespace)
		defer func() { _ = c.listing.UnlockKey(namespace) }()
		c.lists.Forget(namespace) // Whoever comes from now on needs a list that starts later.
		return ListServices(ctx, c.APIReader, namespace)
	})
	if err != nil {
		return nil, err
	}
	return services.([]bluegreen.Service), nil
}
