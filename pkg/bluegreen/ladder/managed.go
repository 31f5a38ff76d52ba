package ladder

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// managed holds while the Service has a target version or a leader. Otherwise what bluegreen wrote on it goes.
func managed(state State) *bluegreen.Decision {
	if state.Service.Managed {
		return nil
	}
	why := verdict{reason: bluegreen.ReasonNotManaged}
	return &bluegreen.Decision{Reason: why.reason, Writes: writeOf(state, state.Service.WithOwn(nil), why)}
}
