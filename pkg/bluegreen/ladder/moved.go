package ladder

import (
	"fmt"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// moved holds when the selector is on the target. Otherwise traffic moves now, since all rungs before it hold.
func moved(state State) *bluegreen.Decision {
	service := state.Service
	if !service.Pending() {
		return nil
	}
	own := bluegreen.Status(bluegreen.Stable, "")
	last := service.Switched(state.Now)
	if service.AutoRollback != nil && last.From != "" {
		last = last.Watching(state.Target)
	}
	own[bluegreen.LastSwitchKey] = last.String()
	desired := service.WithSelector(service.TargetSelector()).WithOwn(own)
	why := switched(state)
	return &bluegreen.Decision{Reason: why.reason, Writes: append(protectTarget(state), writeOf(state, desired, why)...)}
}

// switched says what a switch does: from where, to where, how long after the ask, and whether fewer serve from now on.
func switched(state State) verdict {
	service := state.Service
	why := verdict{reason: bluegreen.ReasonSwitched, message: fmt.Sprintf("Traffic moved from %s to version %s",
		service.Describe(), service.Target)}
	if attempt, found := service.Attempt(); found {
		why.message += fmt.Sprintf(", %s after it was asked for", lasted(attempt, state.Now))
	}
	if target, live := availability(state); target < live {
		why.message += fmt.Sprintf("; it has %d available replicas, where %s had %d: scale it up if it needs as many",
			target, service.Describe(), live)
		why.warning = true
	}
	return why
}
