package ladder

import (
	"slices"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// valid holds when the annotations, and the Service they are on, ask for something that can be done.
func valid(state State) *bluegreen.Decision {
	errs := append(slices.Clone(state.Service.Errors), state.Service.NotSwitchable()...)
	if len(errs) == 0 {
		return nil
	}
	return wait(state, verdict{reason: bluegreen.ReasonInvalid, message: errs.ToAggregate().Error(), warning: true})
}
