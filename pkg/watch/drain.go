package watch

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// linger is how long a Deployment is kept whose Service is gone or was given back: it may be about to be created again. It is also
// how much later than a change a Deployment that nobody waits for is looked at, and with it all that changes meanwhile.
const linger = 5 * time.Second

// slotsSettle and noService stand in drains for the name of a Service: a rollout waits for other slots to be written, and nothing is
// known of a Service that left.
const (
	slotsSettle = "/slots"
	noService   = ""
)

// drains remembers since when traffic has left Deployments, by Service. It is memory on purpose: a restart only lengthens a
// drain, no clocks are compared, and nothing can be forged or lost.
type drains struct {
	mu   sync.Mutex
	left map[types.UID]map[string]time.Time
}

// leave notes that a Service has left a Deployment now, unless that is known already.
func (d *drains) leave(deployment *appsv1.Deployment, services ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		d.left = map[types.UID]map[string]time.Time{}
	}
	if d.left[deployment.UID] == nil {
		d.left[deployment.UID] = map[string]time.Time{}
	}
	for _, service := range services {
		if _, known := d.left[deployment.UID][service]; !known {
			d.left[deployment.UID][service] = time.Now()
		}
	}
}

// comeBack notes that a Service uses a Deployment again.
func (d *drains) comeBack(deployment *appsv1.Deployment, service string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.left[deployment.UID], service)
	if len(d.left[deployment.UID]) == 0 {
		delete(d.left, deployment.UID)
	}
}

// used notes which of some Services use a Deployment, by what its note says now: the events of Services may have met an older one.
func (d *drains) used(deployment *appsv1.Deployment, services []*corev1.Service) {
	d.comeBack(deployment, slotsSettle)
	for _, service := range services {
		if bluegreen.Selected(service, deployment) {
			d.comeBack(deployment, service.Name)
		}
	}
}

// forget drops what is known of a Deployment.
func (d *drains) forget(deployment *appsv1.Deployment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.left, deployment.UID)
}

// since returns when Services left a Deployment, by name; false when nothing is known of it.
func (d *drains) since(deployment *appsv1.Deployment) (map[string]time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, found := d.left[deployment.UID]
	copied := map[string]time.Time{}
	for service, left := range known {
		copied[service] = left
	}
	return copied, found
}

// draining returns how much longer a Deployment that nothing uses any more is kept as it is. What was not seen to be left, before
// a restart for instance, is left now.
func (p *Protection) draining(ctx context.Context, deployment *appsv1.Deployment, services []*corev1.Service) (time.Duration, error) {
	if !p.enabled {
		return 0, nil
	}
	if _, known := p.drains.since(deployment); !known {
		left := []string{}
		for _, service := range bluegreen.LeftBy(deployment, services) {
			left = append(left, service.Name)
		}
		if len(left) == 0 {
			left = append(left, noService)
		}
		p.drains.leave(deployment, left...)
	}
	var longest time.Duration
	known, _ := p.drains.since(deployment)
	for service, left := range known {
		drain, err := p.drainOf(ctx, deployment, service)
		if err != nil {
			return 0, err
		}
		longest = max(longest, drain-time.Since(left))
	}
	return longest, nil
}

// drainOf returns how long a Deployment is kept after a Service has left it.
func (p *Protection) drainOf(ctx context.Context, deployment *appsv1.Deployment, name string) (time.Duration, error) {
	service := &corev1.Service{}
	if name != noService && name != slotsSettle {
		err := p.client.Get(ctx, client.ObjectKey{Namespace: deployment.Namespace, Name: name}, service)
		if client.IgnoreNotFound(err) != nil {
			return 0, fmt.Errorf("looking up Service %s: %w", name, err)
		}
	}
	if len(bluegreen.LeftBy(deployment, []*corev1.Service{service})) > 0 {
		policy, _ := bluegreen.Parse(service.Annotations)
		if policy.Drain != nil {
			return *policy.Drain, nil
		}
		return p.drain, nil
	}
	return p.lingering(ctx, deployment.Namespace)
}

// lingering returns linger, but nothing in a namespace that is being deleted: that waits for nothing of ours.
func (p *Protection) lingering(ctx context.Context, name string) (time.Duration, error) {
	namespace := &corev1.Namespace{}
	if err := p.live.Get(ctx, client.ObjectKey{Name: name}, namespace); client.IgnoreNotFound(err) != nil {
		return 0, fmt.Errorf("reading namespace %s: %w", name, err)
	}
	if namespace.DeletionTimestamp != nil {
		return 0, nil
	}
	return linger, nil
}
