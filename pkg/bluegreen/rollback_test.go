package bluegreen_test

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// watched is a Service on version 1.11, watched for ten minutes from eight, after version 1.10.
func watched(options ...ServiceOption) *corev1.Service {
	record := bluegreen.Read(Waiting(uid)).Switched(eight).Watching(List(Deployment("1.11"))).String()
	return OnGreen(append([]ServiceOption{uid, Annotation(bluegreen.AutoRollback, "10m"), Annotation(bluegreen.LastSwitchKey, record)},
		options...)...)
}

func TestWhatIsWatchedIsADeploymentAsItWasWithAnyNumberOfReplicas(t *testing.T) {
	for name, test := range map[string]struct {
		now     *appsv1.Deployment
		watched bool
	}{
		"as it was":        {now: Deployment("1.11"), watched: true},
		"scaled":           {now: Deployment("1.11", Replicas(9)), watched: true},
		"a new generation": {now: Deployment("1.11", func(d *appsv1.Deployment) { d.Generation = 7 }), watched: true},
		"with our notes":   {now: Deployment("1.11", Protected), watched: true},
		"another template": {now: Deployment("1.11", Revision("2"))},
		"created anew":     {now: Deployment("1.11", func(d *appsv1.Deployment) { d.UID = "4" })},
		"of another name":  {now: Deployment("1.11", Named("other"))},
		"ready for longer": {now: Deployment("1.11", func(d *appsv1.Deployment) { d.Spec.MinReadySeconds = 60 })},
		"fewer may lack":   {now: Deployment("1.11", MaxUnavailable(intstr.FromInt32(0)))},
	} {
		t.Run(name, func(t *testing.T) {
			last, _ := bluegreen.Read(watched()).LastSwitch()
			replicas, is := last.Watches(test.now)
			if is != test.watched || is && replicas != 3 {
				t.Errorf("got %d, %t", replicas, is)
			}
		})
	}
}

func TestTrafficMayReturnToWhatTheLastSwitchLeftUntilTheWindowEnds(t *testing.T) {
	end := eight.Add(10 * time.Minute)
	for name, test := range map[string]struct {
		service    *corev1.Service
		deployment *appsv1.Deployment
		want       time.Time
	}{
		"left":                       {service: watched(), deployment: Deployment("1.10"), want: end},
		"left, under deletion":       {service: watched(), deployment: Deployment("1.10", Kept), want: end},
		"live":                       {service: watched(), deployment: Deployment("1.11")},
		"another":                    {service: watched(), deployment: Deployment("1.9")},
		"left, with new labels":      {service: watched(), deployment: HeldSlot()},
		"a newer ask waits":          {service: watched(Asks("1.12")), deployment: Deployment("1.10"), want: end},
		"the option has gone":        {service: watched(Lacks(bluegreen.AutoRollback)), deployment: Deployment("1.10")},
		"for longer":                 {service: watched(Annotation(bluegreen.AutoRollback, "1h")), deployment: Deployment("1.10"), want: nine},
		"an option is invalid":       {service: watched(Annotation(bluegreen.Ready, "soon")), deployment: Deployment("1.10")},
		"given back":                 {service: watched(Lacks(bluegreen.TargetVersion)), deployment: Deployment("1.10")},
		"no record":                  {service: watched(Lacks(bluegreen.LastSwitchKey)), deployment: Deployment("1.10")},
		"traffic has left it too":    {service: watched(SelectsVersion("1.12")), deployment: Deployment("1.10")},
		"the record of another":      {service: watched(func(s *corev1.Service) { s.UID = "8" }), deployment: Deployment("1.10")},
		"judged":                     {service: judged(), deployment: Deployment("1.10")},
		"a Service that is external": {service: watched(ExternalName), deployment: Deployment("1.10")},
	} {
		t.Run(name, func(t *testing.T) {
			if got := bluegreen.Read(test.service).ReturnsUntil(test.deployment); !got.Equal(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// judged is watched, whose version broke when there was nothing to return to.
func judged() *corev1.Service {
	last, _ := bluegreen.Read(watched()).LastSwitch()
	return watched(Annotation(bluegreen.LastSwitchKey, last.Judge().String()))
}

// TestWhatWasLeftIsFoundThoughASelectorHasOnlyTheVersion, from its Deployment and from the Service.
func TestWhatWasLeftIsFoundThoughASelectorHasOnlyTheVersion(t *testing.T) {
	want := []string{"version=1.11", "version=1.10"}
	if got := bluegreen.Read(watched(Selects("version", "1.11"))).IndexKeys(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTheTargetOfAnAskThatWasRolledBackIsNotInUse(t *testing.T) {
	attempt := bluegreen.Read(Waiting(uid)).Try(eight).String()
	for outcome, want := range map[string]bool{"": true, "/Failed": true, "/RolledBack": false} {
		waits := Services(Waiting(uid, Annotation(bluegreen.AttemptKey, attempt+outcome)))
		if got := used(Deployment("1.11"), waits); got != want {
			t.Errorf("%q: green is in use: %t", outcome, got)
		}
		if !used(Deployment("1.10"), waits) {
			t.Errorf("%q: blue is not in use", outcome)
		}
	}
}
