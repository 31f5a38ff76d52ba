package ladder

import (
	"cmp"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// led holds when the Service is asked for a version itself, or when its leader says which one is due. Otherwise it stays where it is.
func led(state State) *bluegreen.Decision {
	service := state.Service
	if service.Leader == "" || service.Target != "" {
		return nil
	}
	message := fmt.Sprintf("Service %s, the value of %s, %s: traffic stays on %s", service.Leader, service.Key, notLeading(state.Leader),
		service.Describe())
	return wait(state, verdict{reason: bluegreen.ReasonInvalid, message: message, warning: true})
}

// notLeading says why a Service leads nobody, and what to do.
func notLeading(leader bluegreen.Service) string {
	switch {
	case !leader.Exists():
		return "does not exist: create it"
	case !leader.Managed:
		return "is not managed: give it " + bluegreen.TargetVersion
	case leader.Leader != "":
		return fmt.Sprintf("takes its own version from Service %s: name that one", leader.Leader)
	case leader.Leads():
		return "selects no version yet, which its first switch changes"
	default:
		return "asks for nothing that can be done: see its annotation " + bluegreen.MessageKey
	}
}

// ungated reports whether a Service goes to the version that it is due, ready or not: a preview always does, and so does what selects
// nothing yet. A follower does that was in step with its leader, and that a crash left behind: its target passed the gate.
func ungated(state State) bool {
	service := state.Service
	if service.Leader == "" {
		return false
	}
	if none, set := service.Spec.Selector[service.VersionLabel]; service.Preview || set && none == "" {
		return true
	}
	last, found := state.Leader.LastSwitch()
	inStep := service.Annotations[bluegreen.PhaseKey] == string(bluegreen.Stable)
	return inStep && found && last.From == service.Live() && last.From != ""
}

// gateOfFollowers returns why traffic may not move because of a follower, or nil when it may.
func gateOfFollowers(state State) *verdict {
	for _, follower := range state.Followers {
		if why := gateOfFollower(follower); why != nil {
			why.message = "Follower " + follower.Service.Name + ": " + why.message
			return why
		}
	}
	return nil
}

func gateOfFollower(state State) *verdict {
	switch why := invalid(state.Service); {
	case why != nil:
		return why
	case !state.Service.Pending():
		return nil
	default:
		return cmp.Or(gate(state), refused(state))
	}
}

// refused returns that the API server refuses the write of a follower, or nil: then nothing moves at all.
func refused(state State) *verdict {
	if state.Refused == "" {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonWriteFailed, warning: true,
		message: "the write that moves its traffic is refused: " + bluegreen.Shorten(state.Refused, 400)}
}

// notHeldForOthers tells of a live Deployment that would roll out in place: its pods would be gone before all that go together can move.
func notHeldForOthers(state State, deployment *appsv1.Deployment) *verdict {
	service := state.Service
	told := !service.Approved() && service.CheckBefore == "" // By notHeldForApproval.
	if !service.Holds() || told || !bluegreen.RolloutHeld(deployment) || !service.WouldLose(deployment) {
		return nil
	}
	why := "all that go together can move; use a Deployment for each version, or let the other Service follow no more"
	if service.CheckBefore != "" {
		why = "anything can check the new ones; use a Deployment for each version, or remove " + bluegreen.PrePromotionCheck
	}
	return &verdict{reason: bluegreen.ReasonNotAvailable, warning: true, message: fmt.Sprintf("serves, and its rollout to version %s is "+
		"held: its pods would end before %s", service.Target, why)}
}
