package ladder

import (
	"cmp"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// approved holds when no switch is pending, when the Service waits for nobody's approval, or when its target was approved.
func approved(state State) *bluegreen.Decision {
	service := state.Service
	if !service.Pending() || service.Approved() {
		return nil
	}
	why := verdict{reason: bluegreen.ReasonNotApproved, message: fmt.Sprintf("Version %s is ready, and waits for approval: %s",
		service.Target, approval(service))}
	return hold(state, bluegreen.Paused, why, recordsWith(state, bluegreen.OutcomeReady))
}

// approval returns the command that approves the target.
func approval(service bluegreen.Service) string {
	return fmt.Sprintf("kubectl annotate service %s -n %s %s=%s --overwrite", cmp.Or(service.Leader, service.Name), service.Namespace,
		bluegreen.ApprovedVersion, service.Target)
}

// notHeldForApproval tells of a live slot that carries the target in its new pod labels: to roll it out would end the pods that serve.
func notHeldForApproval(state State, deployment *appsv1.Deployment) *verdict {
	service := state.Service
	if service.Approved() || service.CheckBefore != "" || !bluegreen.RolloutHeld(deployment) || !service.WouldLose(deployment) {
		return nil
	}
	return &verdict{reason: bluegreen.ReasonNotApproved, message: fmt.Sprintf("serves, and its rollout to version %s waits for approval: %s",
		service.Target, approval(service))}
}
