// Package reachability finds out whether the API server reaches bluegreen's webhook. The webhook fails open, so nobody would notice.
package reachability

import (
	"context"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

const (
	// lookAgain is how often the Lookout looks while the webhook is reached, and lookSooner while it is not, or a look has failed.
	lookAgain  = 10 * time.Minute
	lookSooner = time.Minute

	// lookTimeout is far beyond the timeout of the webhook.
	lookTimeout = 30 * time.Second
)

// Lookout tells by a metric and by Events of bluegreen's own Deployment whether the API server reaches the webhook. It looks a minute after
// its start, now and then, and when one of bluegreen's own writes makes it doubt what it knows. It runs on the leader.
type Lookout struct {
	cluster *cluster.Cluster
	own     client.ObjectKey
	known   atomic.Value // A bool: whether the webhook is reached. None at first.
	doubts  chan struct{}
}

var _ manager.Runnable = &Lookout{}

// New returns a Lookout. own is the name of bluegreen's own Deployment.
func New(shared *cluster.Cluster, own client.ObjectKey) *Lookout {
	l := &Lookout{cluster: shared, own: own, doubts: make(chan struct{}, 1)}
	shared.Heard = l.hear
	return l
}

// hear takes notice of whether one of bluegreen's own writes was admitted by the webhook. A single write that was not proves little: a
// replica may just have ended. It is a reason to look, but not at first: a process can lead before it serves the webhook.
func (l *Lookout) hear(admitted bool) {
	if known, is := l.known.Load().(bool); is && known == admitted || !is && !admitted {
		return
	}
	select {
	case l.doubts <- struct{}{}:
	default: // It is about to look anyway.
	}
}

// Start implements manager.Runnable. It polls: what an API server can reach cannot be watched.
func (l *Lookout) Start(ctx context.Context) error {
	pause := lookSooner
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.doubts:
		case <-time.After(pause):
		}
		pause = lookSooner
		if l.look(ctx) {
			pause = lookAgain
		}
	}
}

// look finds out by a write of some managed Service, which is not carried out. Without any, nothing needs the webhook yet. It reports
// whether the webhook is known to be reached.
func (l *Lookout) look(ctx context.Context) (reached bool) {
	name, found := l.cluster.Census.Managed()
	if !found {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	reached, err := l.cluster.ReachesWebhook(ctx, name)
	if err != nil {
		ctrl.LoggerFrom(ctx).Info("Could not find out whether the API server reaches the webhook", "why", err.Error())
		return false
	}
	before, looked := l.known.Swap(reached).(bool)
	metrics.SetWebhookReachable(reached)
	switch {
	case !reached:
		l.tell(ctx, unreachable) // Each time: Kubernetes forgets Events after an hour.
	case looked && !before:
		l.tell(ctx, reachable)
	}
	return reached
}

// unreachable is told while the API server does not ask the webhook, and reachable once it does again.
var (
	unreachable = bluegreen.Event{
		Reason:  bluegreen.ReasonWebhookUnreachable,
		Action:  bluegreen.Admitting,
		Warning: true,
		Message: "the API server does not reach bluegreen's webhook: asks are carried out, and a policy keeps selectors where they are, but " +
			"nobody is told why, and no scale-down is held; usual causes: a firewall between the control plane and the nodes; a CNI " +
			"whose pod addresses the control plane cannot route to; strict mTLS of a service mesh in this namespace. The API server's log " +
			"says which (failed calling webhook), if kubectl get mutatingwebhookconfigurations still lists the one of this installation",
	}
	reachable = bluegreen.Event{
		Reason:  bluegreen.ReasonWebhookReachable,
		Action:  bluegreen.Admitting,
		Message: "the API server reaches bluegreen's webhook again",
	}
)

// tell records an Event of bluegreen's own Deployment.
func (l *Lookout) tell(ctx context.Context, event bluegreen.Event) {
	log := ctrl.LoggerFrom(ctx)
	log.Info(event.Message)
	deployment := &appsv1.Deployment{}
	if err := l.cluster.APIReader.Get(ctx, l.own, deployment); err != nil {
		log.Error(err, "Reading the own Deployment, to tell this by an Event of it", "deployment", l.own)
		return
	}
	l.cluster.Tell(deployment, &event)
}
