package ladder

import (
	"fmt"
	"slices"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// moved holds when the selector is on the target. Otherwise traffic moves now, since all rungs before it hold: that of the Service, and
// right after it that of its followers.
func moved(state State) *bluegreen.Decision {
	if !state.Service.Pending() {
		return nil
	}
	writes := slices.Concat(protectTarget(state), move(state), moveFollowers(state))
	return &bluegreen.Decision{Reason: bluegreen.ReasonSwitched, Writes: writes}
}

// moveFollowers returns the writes that move the traffic of those that follow the Service.
func moveFollowers(state State) []bluegreen.Write {
	var writes []bluegreen.Write
	for _, follower := range state.Followers {
		if follower.Service.Pending() {
			writes = append(writes, move(follower)...)
		}
	}
	return writes
}

// move returns the write that moves the traffic of one Service.
func move(state State) []bluegreen.Write {
	service := state.Service
	own := bluegreen.Status(bluegreen.Stable, "")
	last := service.Switched(state.Now)
	// A follower that joins later is not what its leader's switch made live.
	if service.AutoRollback != nil && last.From != "" && (!state.Leader.Exists() || ungated(state)) {
		last = last.Watching(state.Target)
	}
	own[bluegreen.LastSwitchKey] = last.String()
	return writeOf(state, service.WithSelector(service.TargetSelector()).WithOwn(own), switched(state))
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
