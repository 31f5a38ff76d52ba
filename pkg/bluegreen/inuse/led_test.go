package inuse

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestASlotOfTwinsRollsOutInPlaceOnlyForAll: a leader and a follower of the same pods, and none other to move to.
func TestASlotOfTwinsRollsOutInPlaceOnlyForAll(t *testing.T) {
	twin := Service(NamedService("nginx-pods"), Follows("nginx"))
	asks := Managed(Asks("1.12"))
	for name, test := range map[string]struct {
		services []*corev1.Service
		want     Step
	}{
		"asked of the leader":        {services: Services(asks, twin), want: StepRoll},
		"not asked":                  {services: Services(Managed(), twin), want: StepNone},
		"asked, and waits for a yes": {services: Services(Managed(Asks("1.12"), Annotation(bluegreen.Promote, "manual")), twin), want: StepNone},
		"the leader has moved":       {services: Services(Managed(Asks("1.12"), SelectsVersion("1.12")), twin), want: StepRoll},
		"all have moved": {services: Services(Managed(Asks("1.12"), SelectsVersion("1.12")),
			Service(NamedService("nginx-pods"), Follows("nginx"), SelectsVersion("1.12"))), want: StepResume},
		"the leader is gone": {services: Services(twin), want: StepNone},
		"a preview is there": {services: Services(asks, Preview()), want: StepRoll},
	} {
		t.Run(name, func(t *testing.T) {
			if got := next(HeldSlot(), test.services, List(HeldSlot())); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestAHeldScaleDownWaitsForTheFollowerToo, and for no preview.
func TestAHeldScaleDownWaitsForTheFollowerToo(t *testing.T) {
	left := Deployment("1.10", Protected, Noting(bluegreen.ScaleToZeroAfter, "nginx/3/3"))
	for name, test := range map[string]struct {
		led  *corev1.Service
		want heldScaleDown
	}{
		"a twin that is left behind": {led: Service(NamedService("nginx-pods"), Follows("nginx")), want: scaleDownPending},
		"a twin that has moved":      {led: Service(NamedService("nginx-pods"), Follows("nginx"), SelectsVersion("1.11")), want: scaleDownDue},
		"a preview left behind":      {led: Preview(), want: scaleDownDue},
	} {
		if got, why := heldScaleDownOf(left, Services(OnGreen(), test.led)); got != test.want {
			t.Errorf("%s: %s, %s", name, got, why)
		}
	}
}

// TestNothingRollsOutInPlaceForServicesWithPodsOfTheirOwn: the one that is ready first would wait for the other without its old pods.
func TestNothingRollsOutInPlaceForServicesWithPodsOfTheirOwn(t *testing.T) {
	asks := Managed(Asks("1.12"))
	for name, test := range map[string]struct {
		follower *corev1.Service
		want     Step
	}{
		"of its own":       {Follower(), StepNone},
		"of the same pods": {Service(NamedService("nginx-pods"), Follows("nginx")), StepRoll},
		"a preview":        {Preview(), StepRoll},
	} {
		t.Run(name, func(t *testing.T) {
			all := []corev1.Service{*asks, *test.follower}
			observed := State{Deployment: HeldSlot(), Services: bluegreen.ReadAll(all), Others: List(HeldSlot()), Protection: true}
			if got := observed.Next(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
