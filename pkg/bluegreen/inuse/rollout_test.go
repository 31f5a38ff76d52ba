package inuse

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestReplicasComeBeforeTheRolloutGoesOn(t *testing.T) {
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		want       int32
		due        bool
	}{
		"asked for": {
			deployment: HeldSlot(),
			service:    Waiting(),
			want:       2,
			due:        true,
		},
		"to none": {
			deployment: HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")),
			service:    OnGreen(),
			want:       0,
			due:        true,
		},
		"to none, and it serves": {
			deployment: HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")),
			service:    Waiting(),
			want:       0,
		},
		"as many as there are": {
			deployment: HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/3")),
			service:    Waiting(),
			want:       3,
		},
		"somebody scaled it since": {
			deployment: HeldSlot(Replicas(7)),
			service:    Waiting(),
			want:       2,
		},
		"done": {
			deployment: HeldSlot(Replicas(2)),
			service:    Waiting(),
			want:       2,
		},
		"to none, and its version is asked": {
			deployment: HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")),
			service:    Managed(Asks("1.12")),
			want:       0,
		},
		"to some, and its version is asked": {
			deployment: HeldSlot(),
			service:    Managed(Asks("1.12")),
			want:       2,
			due:        true,
		},
	} {
		if got, due := replicasDue(test.deployment, Services(test.service), nil); due != test.due || due && got != test.want {
			t.Errorf("%s: %d, %t", name, got, due)
		}
	}
}

// TestPutRightPastTheWebhookNothingThatServesGoesToNone: the note of the mistake is still there.
func TestPutRightPastTheWebhookNothingThatServesGoesToNone(t *testing.T) {
	right := Slot(Paused, Noting(bluegreen.ResumeAfter, "3/3/0"))
	services := Services(Managed())
	if step := next(right, services, List(right)); step != StepResume {
		t.Errorf("next is %s", step)
	}
	if count, due := replicasDue(right, services, List(right)); due {
		t.Errorf("goes to %d", count)
	}

	left := OnGreen()
	another := Managed(NamedService("another"), Selects("name", "nginx", "track", "stable"),
		Annotation(bluegreen.VersionLabel, "track"), Asks("stable"))
	shared := Slot(Labelled("name", "nginx", "version", "1.12", "track", "stable"), Paused, Noting(bluegreen.ResumeAfter, "3/3/0"),
		Noting(bluegreen.Serves, "name=nginx,track=stable,version=1.10"))
	if count, due := replicasDue(shared, Services(left, another), List(shared)); due {
		t.Errorf("goes to %d while another Service uses it", count)
	}
}

// TestASlotGoesToNoneWhereAnotherServesItsVersion: a chart with one version for both slots.
func TestASlotGoesToNoneWhereAnotherServesItsVersion(t *testing.T) {
	blue := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"))
	on := Managed(Asks("1.12"), SelectsVersion("1.12"))
	if count, due := replicasDue(blue, Services(on), List(blue, Deployment("1.12", Named("nginx-green")))); !due || count != 0 {
		t.Errorf("got %d, %t", count, due)
	}
}

// TestASlotDoesNotGoToNoneForOneThatIsHeld: both have the labels of the version that is asked for, and the other one serves.
func TestASlotDoesNotGoToNoneForOneThatIsHeld(t *testing.T) {
	blue := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"))
	green := HeldSlot(Named("nginx-green"), Noting(bluegreen.Serves, "name=nginx,version=1.11"))
	waits := Managed(Asks("1.12"), SelectsVersion("1.11"))
	if count, due := replicasDue(blue, Services(waits), List(blue, green)); due {
		t.Errorf("goes to %d", count)
	}
}

// TestASlotThatRollsForAServiceThatWaitsIsNotNoted: it does not serve.
func TestASlotThatRollsForAServiceThatWaitsIsNotNoted(t *testing.T) {
	waits := Managed(Asks("1.12"), SelectsVersion("1.11"))
	if got := renoted(HeldSlot(), Services(waits)); got != "" {
		t.Errorf("got %q", got)
	}
	if got := renoted(HeldSlot(), Services(Managed(Selects("name", "nginx")))); got != "name=nginx" {
		t.Errorf("of what selects it before and after: %q", got)
	}
}

// TestASlotWithTwinsRollsInPlace: spot and on-demand, say. The first to roll is not the other's alternative, neither before its pods
// are there nor after.
func TestASlotWithTwinsRollsInPlace(t *testing.T) {
	services := Services(Managed(Asks("1.12")))
	second := HeldSlot(Named("nginx-ondemand"), Noting(bluegreen.ResumeAfter, "3/3/3"))
	for name, first := range map[string]*appsv1.Deployment{
		"held as well": HeldSlot(Named("nginx-spot"), Noting(bluegreen.ResumeAfter, "3/3/3")),
		"rolling":      Slot(Named("nginx-spot"), Version("1.12")),
		"rolled":       Slot(Named("nginx-spot"), Version("1.12"), Rolled(3, 3, 3)),
	} {
		if got := heldRolloutOf(second, services, List(first, second)); got != rolloutInPlace {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// TestALiveSlotThatCameWithNoneWaitsUntilItIsScaled: a chart may be about to write the other slot.
func TestALiveSlotThatCameWithNoneWaitsUntilItIsScaled(t *testing.T) {
	services := Services(Managed(Asks("1.12")))
	none := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"))
	if got := heldRolloutOf(none, services, List(none)); got != rolloutPending {
		t.Errorf("got %s", got)
	}
	scaled := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"), Replicas(4))
	if got := heldRolloutOf(scaled, services, List(scaled)); got != rolloutInPlace {
		t.Errorf("scaled: got %s", got)
	}
}

func TestALiveSlotIsNotRolledOutForAVersionThatGetsNoTraffic(t *testing.T) {
	asks := func(options ...ServiceOption) *corev1.Service {
		return Managed(append([]ServiceOption{Asks("1.12")}, options...)...)
	}
	record := bluegreen.Read(asks()).Try(time.Unix(0, 0)).String()
	byHand := Annotation(bluegreen.Promote, "manual")
	for name, test := range map[string]struct {
		service *corev1.Service
		want    heldRollout
	}{
		"it waits":            {service: asks(Annotation(bluegreen.AttemptKey, record)), want: rolloutInPlace},
		"it has failed":       {service: asks(Annotation(bluegreen.AttemptKey, record+"/Failed")), want: rolloutPending},
		"it is not approved":  {service: asks(byHand), want: rolloutPending},
		"another is approved": {service: asks(byHand, Annotation(bluegreen.ApprovedVersion, "1.11")), want: rolloutPending},
		"it is approved":      {service: asks(byHand, Annotation(bluegreen.ApprovedVersion, "1.12")), want: rolloutInPlace},
		"it failed before that": {
			service: asks(Annotation(bluegreen.AttemptKey, record+"/Failed"), Annotation(bluegreen.Retry, "2")),
			want:    rolloutInPlace,
		},
	} {
		t.Run(name, func(t *testing.T) {
			slot := HeldSlot()
			if got := heldRolloutOf(slot, Services(test.service), List(slot)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
