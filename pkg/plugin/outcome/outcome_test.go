package outcome_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/outcome"
)

// failed is the record of an ask for version 1.11 of the Service with UID 7, which has failed.
const failed = "2026-11-28T08:00:00Z/7/8a2db7bed7c6ac0e/Failed"

func uid(s *corev1.Service) { s.UID = "7" }

func phase(is string) ServiceOption { return Annotation("bluegreen/phase", is) }

func TestAWaitEndsAtItsGoalOrWhenThatCannotBeReached(t *testing.T) {
	for name, test := range map[string]struct {
		service        *corev1.Service
		stable, paused string // yes, no, or the error
	}{
		"traffic is on the target": {
			service: Managed(),
			stable:  "yes",
			paused: "service/nginx is on version 1.10, and nothing waits for approval; to look at it: kubectl bluegreen status nginx " +
				"-n shop",
		},
		"it waits":              {service: Waiting(), stable: "no", paused: "no"},
		"it waits for approval": {service: Waiting(phase("Paused")), stable: "no", paused: "yes"},
		"a phase of a later version of bluegreen": {service: Waiting(phase("Checking")), stable: "no", paused: "no"},
		"the ask came while the webhook was down": {service: Waiting(phase("Stable")), stable: "no", paused: "no"},
		"bluegreen has seen nothing yet":          {service: Waiting(Lacks("bluegreen/phase")), stable: "no", paused: "no"},
		"the ask has failed": {
			service: Waiting(uid, phase("Failed"), Annotation("bluegreen/attempt", failed)),
			stable:  "service/nginx has phase Failed: not yet",
			paused:  "service/nginx has phase Failed: not yet",
		},
		"another ask has failed": {
			service: Waiting(uid, phase("Failed"), Annotation("bluegreen/attempt", failed), Asks("1.12")),
			stable:  "no",
			paused:  "no",
		},
		"what is live broke, and traffic could not return": {
			service: OnGreen(phase("Failed"), Lacks("bluegreen/message")),
			stable:  "service/nginx has phase Failed: to look at it: kubectl bluegreen status nginx -n shop",
			paused:  "service/nginx has phase Failed: to look at it: kubectl bluegreen status nginx -n shop",
		},
		"a follower in step": {
			service: Follower(),
			stable:  "yes",
			paused: "service/nginx-admin is on version 1.10, and nothing waits for approval; to look at it: " +
				"kubectl bluegreen status nginx-admin -n shop",
		},
		"a follower behind": {service: Follower(phase("Waiting")), stable: "no", paused: "no"},
		"nobody manages it": {
			service: Service(),
			stable:  "service/nginx is not managed by bluegreen; to adopt it: kubectl bluegreen adopt nginx -n shop",
			paused:  "service/nginx is not managed by bluegreen; to adopt it: kubectl bluegreen adopt nginx -n shop",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for goal, want := range map[outcome.Goal]string{outcome.Stable: test.stable, outcome.Paused: test.paused} {
				if got := verdict(outcome.Of(bluegreen.Read(test.service), goal)); got != want {
					t.Errorf("%s:\ngot  %s\nwant %s", goal, got, want)
				}
			}
		})
	}
}

func verdict(reached bool, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case reached:
		return "yes"
	default:
		return "no"
	}
}

func TestAGoalIsOneOfTheMenu(t *testing.T) {
	if goal, err := outcome.ParseGoal("Paused"); goal != outcome.Paused || err != nil {
		t.Errorf("got %q, %v", goal, err)
	}
	if _, err := outcome.ParseGoal("ready"); err == nil || err.Error() != "invalid value of --for (ready): must be one of: stable, paused" {
		t.Errorf("got %v", err)
	}
}
