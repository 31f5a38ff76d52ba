package protection

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// switchedBefore is a Service that went to green so long ago, watched for some time.
func switchedBefore(ago time.Duration, watched string) *corev1.Service {
	service := OnVersion(Green)
	service.Annotations[bluegreen.AutoRollback] = watched
	switched := bluegreen.Read(Asking(Green)).Switched(time.Now().Add(-ago))
	service.Annotations[bluegreen.LastSwitchKey] = switched.Watching([]*appsv1.Deployment{InUse(Green)}).String()
	return service
}

// TestWhatTrafficMayReturnToIsKeptUntilTheWindowEnds, and has drained long ago.
func TestWhatTrafficMayReturnToIsKeptUntilTheWindowEnds(t *testing.T) {
	for name, test := range map[string]struct {
		cached, stored *corev1.Service
		kept           bool
	}{
		"in the window":    {cached: switchedBefore(2*time.Minute, "10m"), stored: switchedBefore(2*time.Minute, "10m"), kept: true},
		"after the window": {cached: switchedBefore(2*time.Minute, "1m"), stored: switchedBefore(2*time.Minute, "1m")},
		"in the window, and the cache does not know it": {
			cached: switchedBefore(2*time.Minute, "1m"),
			stored: switchedBefore(2*time.Minute, "10m"),
			kept:   true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			blue := InUse(Blue)
			server := NewAPIServer(t, blue, test.stored)
			server.CacheHolds(InUse(Blue), test.cached)
			lookAgain, err := reconcileDeployment(t, drainedProtection(server, enabled), server.Stored(blue))
			if err != nil || test.kept != (lookAgain > 7*time.Minute && lookAgain < 8*time.Minute+time.Second) {
				t.Errorf("looked at again after %s, %v", lookAgain, err)
			}
			if got := bluegreen.Protected(server.Stored(blue)); got != test.kept {
				t.Errorf("kept: %t", got)
			}
		})
	}
}

// TestADeploymentIsLookedAtWhenTheWindowChanges: it waits for the end of the one before.
func TestADeploymentIsLookedAtWhenTheWindowChanges(t *testing.T) {
	for name, test := range map[string]struct {
		before, after *corev1.Service
		want          int
	}{
		"shorter": {before: switchedBefore(time.Minute, "10m"), after: switchedBefore(time.Minute, "2m"), want: 1},
		"none": {
			before: switchedBefore(time.Minute, "10m"),
			after: Changed(switchedBefore(time.Minute, "10m"), func(service *corev1.Service) {
				delete(service.Annotations, bluegreen.AutoRollback)
			}),
			want: 1,
		},
		"a message": {
			before: switchedBefore(time.Minute, "10m"),
			after: Changed(switchedBefore(time.Minute, "10m"), func(service *corev1.Service) {
				service.Annotations[bluegreen.MessageKey] = "x"
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, InUse(Blue), test.after)
			queue := newRecordingQueue()
			newProtection(server, enabled).serviceChanged(t.Context(), test.before, test.after, queue)
			if got := queue.later.Len(); got != test.want {
				t.Errorf("enqueued %d times", got)
			}
		})
	}
}
