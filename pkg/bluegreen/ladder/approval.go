package ladder

import (
	"fmt"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// approved holds when no switch is pending, when the Service waits for nobody's approval, or when its target was approved.
func approved(state State) *bluegreen.Decision {
	service := state.Service
	if !service.Pending() || service.Promotion == bluegreen.Auto || service.ApprovedVersion == service.Target {
		return nil
	}
	why := verdict{reason: bluegreen.ReasonNotApproved, message: fmt.Sprintf("Version %s is ready, and waits for approval: kubectl annotate "+
		"service %s -n %s %s=%s --overwrite", service.Target, service.Name, service.Namespace, bluegreen.ApprovedVersion, service.Target)}
	return hold(state, bluegreen.Paused, why, recordsWith(state, bluegreen.OutcomeReady))
}
