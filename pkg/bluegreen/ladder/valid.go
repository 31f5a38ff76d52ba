package ladder

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// valid holds when the annotations, and the Service they are on, ask for something that can be done.
func valid(state State) *bluegreen.Decision {
	if why := cmp.Or(invalid(state.Service), notChecking(state)); why != nil {
		return wait(state, *why)
	}
	return nil
}

// notChecking returns that a check is asked for which the installation has no right to run, or nil. What was given up stays so.
func notChecking(state State) *verdict {
	service := state.Service
	var why *field.Error
	switch {
	case state.Checks.Enabled || service.GivenUp() != "":
		return nil
	case service.CheckBefore != "":
		why = bluegreen.NotChecking(bluegreen.PrePromotionCheck, service.CheckBefore)
	case service.CheckAfter != "":
		why = bluegreen.NotChecking(bluegreen.PostPromotionCheck, service.CheckAfter)
	default:
		return nil
	}
	return &verdict{reason: bluegreen.ReasonInvalid, message: why.Error(), warning: true}
}

// invalid returns what is wrong with a Service, or nil.
func invalid(service bluegreen.Service) *verdict {
	errs := append(slices.Clone(service.Errors), service.NotSwitchable()...)
	if len(errs) == 0 {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonInvalid, message: errs.ToAggregate().Error(), warning: true}
}
