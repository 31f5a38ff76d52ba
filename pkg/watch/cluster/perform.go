package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
)

// Perform makes the writes of a decision in order, and tells of each once it has succeeded. It stops at the first that meets a
// change by somebody else: that is on its way through the watch, and will be decided about. A write that the API server refused
// is an error, and people are told of it at the object that the decision is about.
func (c *Cluster) Perform(ctx context.Context, about runtime.Object, action string, decision bluegreen.Decision) error {
	for _, write := range decision.Writes {
		written, err := c.write(ctx, write.Change)
		if c.overtaken(ctx, write.Change.Object(), err) {
			return nil
		}
		if err != nil {
			err = fmt.Errorf("writing %s: %w", decision.Reason, err)
			c.Tell(about, &bluegreen.Event{Reason: bluegreen.ReasonWriteFailed, Action: action, Message: err.Error(), Warning: true})
			return err
		}
		ctrl.LoggerFrom(ctx).Info("Wrote", "change", fmt.Sprintf("%T", write.Change), "object", write.Change.Object().GetName(),
			"reason", decision.Reason)
		metrics.Wrote(write, c.Now())
		c.Tell(write.Change.Object(), write.Tell)
		if err := c.disown(ctx, written); err != nil {
			return err
		}
	}
	return nil
}

// write makes a change. It returns the Service that was written; nil if it was something else.
func (c *Cluster) write(ctx context.Context, change bluegreen.Change) (*corev1.Service, error) {
	switch change := change.(type) {
	case bluegreen.WriteService:
		return c.patchService(ctx, change)
	case bluegreen.StartCheck:
		return nil, startCheck(ctx, c.Client, change)
	case bluegreen.EndCheck:
		return nil, endCheck(ctx, c.Client, change)
	default:
		return nil, Change(ctx, c.Client, change)
	}
}

// Tell records an Event of an object; nil is none. Only the leader tells: the handlers of a follower see the same changes.
func (c *Cluster) Tell(about runtime.Object, event *bluegreen.Event) {
	if event == nil {
		return
	}
	select {
	case <-c.elected:
	default:
		return
	}
	metrics.Told(*event)
	kind := corev1.EventTypeNormal
	if event.Warning {
		kind = corev1.EventTypeWarning
	}
	c.recorder.Eventf(about, nil, kind, string(event.Reason), event.Action, "%s", bluegreen.Clip(event.Message))
}

// overtaken reports whether a write was refused because somebody has changed the object. The error alone does not show that: it can also
// be the answer of somebody's admission webhook. An object whose deletion has begun meanwhile admits no finalizer (Invalid).
func (c *Cluster) overtaken(ctx context.Context, seen client.Object, err error) bool {
	if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && !apierrors.IsInvalid(err) {
		return false
	}
	kind, err := apiutil.GVKForObject(seen, scheme.Scheme)
	if err != nil {
		return false
	}
	current := &metav1.PartialObjectMetadata{}
	current.SetGroupVersionKind(kind)
	if err := c.APIReader.Get(ctx, client.ObjectKeyFromObject(seen), current); err != nil {
		return apierrors.IsNotFound(err)
	}
	return current.UID != seen.GetUID() || current.ResourceVersion != seen.GetResourceVersion()
}
