package inuse

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestWhatTrafficMayReturnToIsKept: it left a minute ago, the clock of the API server is an hour ahead, and half a minute of drain is left.
func TestWhatTrafficMayReturnToIsKept(t *testing.T) {
	now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	ahead := now.Add(time.Hour)
	record := bluegreen.Read(Waiting()).Switched(ahead.Add(-time.Minute)).Watching(List(Deployment("1.11"))).String()
	left := func(returns string, options ...ServiceOption) *corev1.Service {
		options = append([]ServiceOption{Annotation(bluegreen.LastSwitchKey, record), Annotation(bluegreen.AutoRollback, returns)}, options...)
		return OnGreen(options...)
	}
	const drain = 30 * time.Second
	kept, scaledDown := Deployment("1.10", Protected), ScaleDownNoted("nginx/3/3")
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		want       time.Duration // from now
	}{
		"left":                       {deployment: kept, service: left("10m"), want: 9 * time.Minute},
		"under deletion":             {deployment: Deployment("1.10", Kept), service: left("10m"), want: 9 * time.Minute},
		"scaled to 0":                {deployment: Deployment("1.10", scaledDown), service: left("10m"), want: 9 * time.Minute},
		"drains for longer":          {deployment: kept, service: left("70s"), want: drain},
		"the window is over":         {deployment: kept, service: left("59s"), want: drain},
		"nobody wants it to return":  {deployment: kept, service: left("10m", Lacks(bluegreen.AutoRollback)), want: drain},
		"a newer ask":                {deployment: kept, service: left("10m", Asks("1.12")), want: 9 * time.Minute},
		"it is not wanted protected": {deployment: kept, service: left("10m", Unprotected), want: drain},
		"of another version":         {deployment: Deployment("1.9", Protected), service: left("10m"), want: drain},
		"a slot that rolls out in place, back to what it was": {
			deployment: Slot(Noting(bluegreen.Serves, "name=nginx,version=1.11"), Paused, Noting(bluegreen.ResumeAfter, "3/3/3")),
			service:    left("10m", Asks("1.10")),
			want:       drain,
		},
		"a slot with new labels":   {deployment: HeldSlot(), service: left("10m"), want: drain},
		"a slot that is asked for": {deployment: HeldSlot(), service: left("10m", Asks("1.12")), want: drain},
	} {
		t.Run(name, func(t *testing.T) {
			observed := state(test.deployment, Services(test.service), nil)
			observed.Now, observed.APINow, observed.Drained = now, ahead, now.Add(drain)
			decision := Decide(observed)
			if got := decision.LookAgain.Sub(now); got != test.want || decision.Reason != bluegreen.ReasonDraining || len(decision.Writes) > 0 {
				t.Errorf("%s, looked at again after %s, want %s; writes %v", decision.Reason, got, test.want, decision.Writes)
			}
			observed.Now, observed.APINow = now.Add(test.want), ahead.Add(test.want)
			if then := Decide(observed); len(then.Writes) == 0 {
				t.Errorf("then %s", then.Reason)
			}
			observed.Now, observed.APINow, observed.Protection = now.Add(drain), ahead.Add(drain), false
			if without := Decide(observed); len(without.Writes) == 0 {
				t.Errorf("without protection %s", without.Reason)
			}
		})
	}
}
