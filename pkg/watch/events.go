package watch

import (
	"context"
	"fmt"

	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// eventsPerSecond and eventsAtOnce are as much as kube-controller-manager allows itself: when very many Services switch at once,
// their Events give way to the switches.
const (
	eventsPerSecond = 20
	eventsAtOnce    = 30
)

// NewRecorder returns what Controller and Protection tell Events to, until the context ends. An Event that has to wait carries the
// time at which it was told.
func NewRecorder(ctx context.Context, mgr manager.Manager) (events.EventRecorder, error) {
	config := rest.CopyConfig(mgr.GetConfig())
	config.QPS, config.Burst = eventsPerSecond, eventsAtOnce
	sink, err := eventsclient.NewForConfigAndClient(config, mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("setting up a client of Events: %w", err)
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: sink})
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return nil, fmt.Errorf("recording Events: %w", err)
	}
	return broadcaster.NewRecorder(mgr.GetScheme(), Name), nil
}
