package ladder

import (
	"cmp"
	"slices"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// valid holds when the annotations, and the Service they are on, ask for something that can be done.
func valid(state State) *bluegreen.Decision {
	if why := cmp.Or(invalid(state.Service), notChecking(state)); why != nil {
		return wait(state, *why)
	}
	return nil
}

// notChecking returns that a check is asked for which the installation has no right to run, or nil.
func notChecking(state State) *verdict {
	key, cronJob := bluegreen.PrePromotionCheck, state.Service.CheckBefore
	if cronJob == "" {
		key, cronJob = bluegreen.PostPromotionCheck, state.Service.CheckAfter
	}
	if cronJob == "" || state.Checks.Enabled {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonInvalid, message: bluegreen.NotChecking(key, cronJob).Error(), warning: true}
}

// invalid returns what is wrong with a Service, or nil.
func invalid(service bluegreen.Service) *verdict {
	errs := append(slices.Clone(service.Errors), service.NotSwitchable()...)
	if len(errs) == 0 {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonInvalid, message: errs.ToAggregate().Error(), warning: true}
}
