package protection

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
)

// drained returns the instant from which the next step of a Deployment may be taken; zero for now.
func (c *Controller) drained(ctx context.Context, state inuse.State) (time.Time, error) {
	switch state.Next() {
	case inuse.StepNone:
		// It waits for other slots anew when it is its own target again.
		c.drains.comeBack(state.Deployment, otherSlots)
		// By what its note says now: the events of Services may have met an older one.
		for _, service := range state.Services {
			if service.HasTrafficOn(state.Deployment) {
				c.drains.comeBack(state.Deployment, service.Name)
			}
		}
		return time.Time{}, nil
	case inuse.StepUnprotect, inuse.StepResume:
		if !bluegreen.Protected(state.Deployment) {
			return time.Time{}, nil // It drained before it was unprotected, and retires now.
		}
		return c.drainsUntil(ctx, state)
	case inuse.StepRoll:
		return c.otherSlotsUntil(ctx, state)
	default:
		return time.Time{}, nil
	}
}

// drainsUntil returns until when a Deployment that nothing uses any more is kept as it is. What was not seen to be left, before a
// restart for instance, is left now.
func (c *Controller) drainsUntil(ctx context.Context, state inuse.State) (until time.Time, err error) {
	if !c.protection {
		return until, nil
	}
	if _, known := c.drains.since(state.Deployment); !known {
		c.drains.leave(state.Deployment, leftBy(state)...)
	}
	known, _ := c.drains.since(state.Deployment)
	for _, service := range leftBefore(state, known) {
		known[service] = c.started
	}
	for service, left := range known {
		drain, err := c.drainOf(ctx, state.Deployment, service)
		if err != nil {
			return until, err
		}
		if end := left.Add(drain); end.After(until) {
			until = end
		}
	}
	return until, nil
}

// leftBy returns the names of the Services that may have left a Deployment.
func leftBy(state inuse.State) []string {
	var names []string
	for _, service := range state.Services {
		if service.MayHaveLeft(state.Deployment) {
			names = append(names, service.Name)
		}
	}
	if len(names) == 0 {
		return []string{unknownService}
	}
	return names
}

// leftBefore returns the names of the Services that may have left a Deployment before this process started, and of which it has seen
// nothing since. What never had traffic does not drain.
func leftBefore(state inuse.State, seen map[string]time.Time) []string {
	_, served := state.Deployment.Annotations[bluegreen.Serves]
	if !served || state.Next() == inuse.StepRoll {
		return nil
	}
	return slices.DeleteFunc(leftBy(state), func(service string) bool {
		_, known := seen[service]
		return known || service == unknownService
	})
}

// drainOf returns how long a Deployment is kept after a Service has left it. One whose Service is gone or was given back is kept
// for a moment, but not at all in a namespace that is being deleted: that waits for nothing of ours.
func (c *Controller) drainOf(ctx context.Context, deployment *appsv1.Deployment, name string) (time.Duration, error) {
	service, err := c.service(ctx, deployment.Namespace, name)
	if err != nil {
		return 0, err
	}
	if service.Protects() {
		if service.Drain != nil {
			return *service.Drain, nil
		}
		return c.drain, nil
	}
	namespace := &corev1.Namespace{}
	err = c.cluster.APIReader.Get(ctx, client.ObjectKey{Name: deployment.Namespace}, namespace)
	if client.IgnoreNotFound(err) != nil {
		return 0, fmt.Errorf("reading namespace %s: %w", deployment.Namespace, err)
	}
	if namespace.DeletionTimestamp != nil {
		return 0, nil
	}
	return inuse.Settle, nil
}

// service returns the cache's Service of a name that drains know.
func (c *Controller) service(ctx context.Context, namespace, name string) (bluegreen.Service, error) {
	if name == unknownService || name == otherSlots {
		return bluegreen.Service{}, nil
	}
	return c.cluster.Service(ctx, namespace, name)
}

// otherSlotsUntil returns until when a Deployment that is its own target waits for other slots of its Services: they may be written
// in the same breath, and be the target then. If there are none it waits for nothing.
func (c *Controller) otherSlotsUntil(ctx context.Context, state inuse.State) (time.Time, error) {
	slots, err := c.deploymentsOf(ctx, state.Services)
	if err != nil {
		return time.Time{}, err
	}
	if !slices.ContainsFunc(slots, func(other *appsv1.Deployment) bool { return isOtherSlot(state, other) }) {
		return time.Time{}, nil
	}
	c.drains.leave(state.Deployment, otherSlots)
	return c.drainsUntil(ctx, state)
}

func isOtherSlot(state inuse.State, other *appsv1.Deployment) bool {
	return other.Name != state.Deployment.Name &&
		slices.ContainsFunc(state.Services, func(service bluegreen.Service) bool { return service.MayHaveLeft(other) })
}
