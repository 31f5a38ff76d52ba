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
	why := verdict{bluegreen.ReasonSwitched, fmt.Sprintf("Traffic moved from %s to version %s", service.Describe(), service.Target)}
	desired := service.WithSelector(service.TargetSelector()).WithOwn(bluegreen.Status(bluegreen.Stable, ""))
	return &bluegreen.Decision{Reason: why.reason, Writes: append(protectTarget(state), writeOf(state, desired, why, false)...)}
}
