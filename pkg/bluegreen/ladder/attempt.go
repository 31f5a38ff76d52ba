package ladder

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// asked returns how an Event begins that is the first of an ask: none of it is noted yet.
func asked(state State) string {
	if _, noted := state.Service.Attempt(); noted || !state.Service.Pending() {
		return ""
	}
	return fmt.Sprintf("Asked to move from %s to version %s: ", state.Service.Describe(), state.Service.Target)
}

// lasted returns how long an ask has waited, in whole seconds. Clocks may differ: it is never negative.
func lasted(attempt bluegreen.Attempt, now time.Time) time.Duration {
	return max(0, now.Sub(attempt.Since)).Round(time.Second)
}

// Ended returns what people are told when somebody's write ends an ask without a switch: it is withdrawn, or the Service is given back.
// Nil is nothing.
func Ended(before, after *corev1.Service, now time.Time) *bluegreen.Event {
	if before.Annotations[bluegreen.TargetVersion] == after.Annotations[bluegreen.TargetVersion] {
		return nil
	}
	was, is := bluegreen.Read(before), bluegreen.Read(after)
	switch {
	case was.Managed && !is.Managed:
		return &bluegreen.Event{Reason: bluegreen.ReasonNotManaged, Action: bluegreen.Switching, Message: was.GivenBack()}
	case was.Pending() && is.Managed && is.Target == was.Live():
		message := fmt.Sprintf("Version %s is no longer asked for: traffic stays on %s", was.Target, is.Describe())
		if attempt, found := was.Attempt(); found {
			message += fmt.Sprintf("; it was asked for %s ago", lasted(attempt, now))
		}
		return &bluegreen.Event{Reason: bluegreen.ReasonWithdrawn, Action: bluegreen.Switching, Message: message}
	default:
		return nil
	}
}
