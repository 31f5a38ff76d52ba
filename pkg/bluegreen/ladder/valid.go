package ladder

import (
	"slices"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// valid holds when the annotations, and the Service they are on, ask for something that can be done.
func valid(state State) *bluegreen.Decision {
	if why := invalid(state.Service); why != nil {
		return wait(state, *why)
	}
	return nil
}

// invalid returns what is wrong with a Service, or nil.
func invalid(service bluegreen.Service) *verdict {
	errs := append(slices.Clone(service.Errors), service.NotSwitchable()...)
	if len(errs) == 0 {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonInvalid, message: errs.ToAggregate().Error(), warning: true}
}
