package bluegreen_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestAServiceThatIsLedTakesItsVersionFromItsLeader: none is no version, so nothing moves.
func TestAServiceThatIsLedTakesItsVersionFromItsLeader(t *testing.T) {
	const none = ""
	for name, test := range map[string]struct {
		leader              *corev1.Service
		follows, next, view string // what a follower is due now, where it goes next, and what a preview is due
	}{
		"nothing pending":        {leader: Managed(), follows: "1.10", next: "1.10", view: "1.10"},
		"a switch is pending":    {leader: Waiting(), follows: "1.10", next: "1.11", view: "1.11"},
		"once it has moved":      {leader: OnGreen(), follows: "1.11", next: "1.11", view: "1.11"},
		"it has no version yet":  {leader: Waiting(Selects("name", "nginx")), follows: none, next: "1.11", view: "1.11"},
		"it does not exist":      {follows: none, next: none, view: none},
		"it is not managed":      {leader: Service(), follows: none, next: none, view: none},
		"it is invalid":          {leader: Managed(Asks("?")), follows: none, next: none, view: none},
		"it has no selector":     {leader: Managed(Selects()), follows: none, next: none, view: none},
		"it is led itself":       {leader: Follower(NamedService("nginx")), follows: none, next: none, view: none},
		"it is a preview itself": {leader: Preview(NamedService("nginx")), follows: none, next: none, view: none},
	} {
		t.Run(name, func(t *testing.T) {
			leader, follower, preview := bluegreen.Read(test.leader), bluegreen.Read(Follower()), bluegreen.Read(Preview())
			if got := follower.DueBy(leader).Target; got != test.follows {
				t.Errorf("a follower is due %q, want %q", got, test.follows)
			}
			if got := follower.NextBy(leader).Target; got != test.next {
				t.Errorf("a follower goes to %q, want %q", got, test.next)
			}
			if got := preview.DueBy(leader).Target; got != test.view {
				t.Errorf("a preview is due %q, want %q", got, test.view)
			}
		})
	}
}

func TestWhatIsInvalidIsLedNowhere(t *testing.T) {
	for name, service := range map[string]*corev1.Service{
		"an option of its own":          Follower(Annotation(bluegreen.Ready, "complete")),
		"a target of its own":           Follower(Asks("1.10")),
		"itself as its leader":          Follower(Follows("nginx-admin")),
		"a preview with another option": Preview(Annotation(bluegreen.Drain, "1m")),
	} {
		t.Run(name, func(t *testing.T) {
			read := bluegreen.Read(service)
			if due, next := read.DueBy(bluegreen.Read(Waiting())), read.NextBy(bluegreen.Read(Waiting())); due.Target+next.Target != "" {
				t.Errorf("due %q, then %q", due.Target, next.Target)
			}
			if len(read.Errors) == 0 {
				t.Error("no error")
			}
		})
	}
}

// TestWhatSelectsByTheVersionAloneIsNotLed: a Deployment of the next version would not find it.
func TestWhatSelectsByTheVersionAloneIsNotLed(t *testing.T) {
	led := bluegreen.Read(Follower(Selects("version", "1.10")))
	if led.Switchable() || len(led.NotSwitchable()) != 1 {
		t.Errorf("got %v", led.NotSwitchable())
	}
	if asked := bluegreen.Read(Managed(Selects("version", "1.10"))); !asked.Switchable() {
		t.Error("nor is what is asked itself")
	}
}

func TestAFollowerHasTheOptionsOfItsLeaderAndItsOwnVersionLabel(t *testing.T) {
	leader := bluegreen.Read(Waiting(Annotation(bluegreen.Ready, "complete"), Annotation(bluegreen.Drain, "7s"), Unprotected,
		Annotation(bluegreen.Promote, "manual")))
	follower := bluegreen.Read(Follower(Annotation(bluegreen.VersionLabel, "track"))).NextBy(leader)
	if follower.Ready != bluegreen.Complete || *follower.Drain != 7*time.Second || follower.Protect || follower.Approved() {
		t.Errorf("got %+v", follower.Options)
	}
	EqualMaps(t, "target", follower.TargetSelector(), Pairs("name", "nginx-admin", "version", "1.10", "track", "1.11"))
}

// TestAFollowerHoldsWhereItsLeaderDoes: a slot of its own is not rolled out for an ask that has failed.
func TestAFollowerHoldsWhereItsLeaderDoes(t *testing.T) {
	waits := bluegreen.Read(Waiting(uid))
	failed := waits.Try(eight)
	failed.Outcome = bluegreen.OutcomeFailed
	gaveUp := bluegreen.Read(Waiting(uid, Annotation(bluegreen.AttemptKey, failed.String())))
	follower := bluegreen.Read(Follower())
	if follower.NextBy(waits).Holds() || !follower.NextBy(gaveUp).Holds() {
		t.Errorf("waiting: %v, failed: %v", follower.NextBy(waits).Holds(), follower.NextBy(gaveUp).Holds())
	}
}

// TestNoDeploymentIsAPreviewsBusiness: nothing waits for it, and nothing is kept for it.
func TestNoDeploymentIsAPreviewsBusiness(t *testing.T) {
	preview := bluegreen.Read(Preview()).NextBy(bluegreen.Read(Waiting()))
	blue := Deployment("1.10")
	if preview.Involves(blue) || preview.HasTrafficOn(blue) || preview.MayHaveLeft(blue) || len(preview.IndexKeys()) > 0 {
		t.Errorf("got %v", preview.IndexKeys())
	}
}

// TestAVersionThatIsEmptySelectsNothing but pods that somebody gave an empty label.
func TestAVersionThatIsEmptySelectsNothing(t *testing.T) {
	selector := Pairs("name", "nginx", "version", "")
	for name, test := range map[string]struct {
		pods map[string]string
		want bool
	}{
		"of a version":       {pods: PodsOf("1.10")},
		"of none":            {pods: Pairs("name", "nginx")},
		"of an empty one":    {pods: Pairs("name", "nginx", "version", ""), want: true},
		"of something else ": {pods: Pairs("name", "other", "version", "")},
	} {
		if got := bluegreen.Matches(selector, test.pods); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestADeploymentIsInUseByAFollowerAndByWhatItGoesToNext, and never by a preview.
func TestADeploymentIsInUseByAFollowerAndByWhatItGoesToNext(t *testing.T) {
	blue, green := AdminDeployment("1.10"), AdminDeployment("1.11")
	for name, test := range map[string]struct {
		leader, led *corev1.Service
		blue, green bool
	}{
		"a follower at rest":            {leader: Managed(), led: Follower(), blue: true},
		"its leader waits":              {leader: Waiting(), led: Follower(), blue: true, green: true},
		"its leader has moved":          {leader: OnGreen(), led: Follower(), blue: true, green: true},
		"its leader is gone":            {leader: Service(NamedService("other")), led: Follower(), blue: true},
		"its leader protects nothing":   {leader: Waiting(Unprotected), led: Follower()},
		"a preview, while there is one": {leader: Waiting(), led: Follower(Lacks(bluegreen.Follows), PreviewOf("nginx"))},
	} {
		t.Run(name, func(t *testing.T) {
			led := bluegreen.Lead([]bluegreen.Service{bluegreen.Read(test.led), bluegreen.Read(test.leader)})[0]
			if led.Uses(blue) != test.blue || led.Uses(green) != test.green {
				t.Errorf("blue: %v, green: %v", led.Uses(blue), led.Uses(green))
			}
		})
	}
}
