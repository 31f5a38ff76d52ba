// Package outcome says what has come of what a Service is asked for, as a pure function of one state of it.
package outcome

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Goal is what somebody waits for.
type Goal string

// Goals.
const (
	// Stable: traffic is on the version that is asked for.
	Stable Goal = "stable"

	// Paused: that version is ready, and waits for approval.
	Paused Goal = "paused"
)

// Goals are all that can be waited for.
var Goals = []string{string(Stable), string(Paused)}

// ParseGoal reads a goal, in upper or lower case.
func ParseGoal(text string) (Goal, error) {
	if goal := strings.ToLower(text); slices.Contains(Goals, goal) {
		return Goal(goal), nil
	}
	return "", fmt.Errorf("invalid value of --for (%s): must be one of: %s", text, strings.Join(Goals, ", "))
}

// Of reports whether a Service has reached a goal. An error says that it never will, unless somebody asks anew.
func Of(service bluegreen.Service, goal Goal) (reached bool, err error) {
	phase := bluegreen.Phase(service.Annotations[bluegreen.PhaseKey])
	switch {
	case !service.Managed:
		return false, fmt.Errorf("service/%s is not managed by bluegreen; to adopt it: kubectl bluegreen adopt %s -n %s",
			service.Name, service.Name, service.Namespace)
	case Ended(service):
		return false, fmt.Errorf("service/%s has phase %s: %s", service.Name, phase, message(service))
	case phase == bluegreen.Paused && goal == Paused:
		return true, nil
	case phase != bluegreen.Stable || service.Pending():
		return false, nil
	case goal == Paused:
		return false, fmt.Errorf("service/%s is on version %s, and nothing waits for approval; to look at it: kubectl bluegreen status %s "+
			"-n %s", service.Name, service.Live(), service.Name, service.Namespace)
	default:
		return true, nil
	}
}

// Ended reports whether the ask of a Service has come to its end without success. A phase that is about another ask, because bluegreen
// has not seen this one yet, does not count.
func Ended(service bluegreen.Service) bool {
	if service.Leader == "" && service.Pending() {
		return service.GivenUp() != ""
	}
	phase := bluegreen.Phase(service.Annotations[bluegreen.PhaseKey])
	return phase == bluegreen.Failed || phase == bluegreen.RolledBack
}

func message(service bluegreen.Service) string {
	if message := service.Annotations[bluegreen.MessageKey]; message != "" {
		return message
	}
	return fmt.Sprintf("to look at it: kubectl bluegreen status %s -n %s", service.Name, service.Namespace)
}
