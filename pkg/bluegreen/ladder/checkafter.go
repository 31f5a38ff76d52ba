package ladder

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// after returns the check after the last switch; false if none is asked for, or if the installation runs no Jobs.
func after(state State) (bluegreen.Check, bool) {
	check, asked := state.Service.After()
	return check, asked && state.Checks.Enabled
}

// failedAfter returns that the check after the last switch has failed, or nil. It says nothing of what its user has changed since.
func failedAfter(state State, last bluegreen.LastSwitch) *verdict {
	check, asked := after(state)
	if !asked {
		return nil
	}
	run := runOf(state, check)
	unchanged := slices.ContainsFunc(state.Live, func(deployment *appsv1.Deployment) bool {
		_, watched := last.Watches(deployment)
		return watched
	})
	if run.result != bluegreen.CheckFailed || !unchanged {
		return nil
	}
	return &verdict{message: run.problem()}
}

// checkAfter returns a decision that leaves traffic where it is, with the start of the check after the last switch if that is due. The Job
// ends before the window does, so that traffic can still return.
func checkAfter(state State, decision bluegreen.Decision, end time.Time) bluegreen.Decision {
	check, asked := after(state)
	if !asked {
		return decision
	}
	check, inTime := check.Until(end, state.Now)
	switch run := runOf(state, check); {
	case run.started || !inTime:
		return decision.LookingAgainBy(end)
	case state.Checks.Obstacles[check.Job] != "":
		decision.Writes = append(decision.Writes, clearEnded(state)...)
		return decision.LookingAgainBy(state.Now.Add(tryAgainAfter)).LookingAgainBy(end)
	default:
		decision.Writes = append(decision.Writes, start(state, check)...)
		return decision.LookingAgainBy(end)
	}
}

// checkingAfter returns what people have to know about the check after the last switch, as long as the window is open; or nil.
func checkingAfter(state State) *verdict {
	check, asked := after(state)
	_, end, _ := state.Service.Window()
	if !asked || !state.Now.Before(end) {
		return nil
	}
	_, inTime := check.Until(end, state.Now)
	why, run := verdict{reason: bluegreen.ReasonLiveNotChecked}, runOf(state, check)
	switch obstacle := state.Checks.Obstacles[check.Job]; {
	case run.result == bluegreen.CheckLost:
		why.message, why.warning = fmt.Sprintf("Version %s is live, and its check ended without a result: %s", check.Version, run.problem()), true
	case run.started && run.result == "":
		why.message = fmt.Sprintf("Version %s is live, and is being checked: %s", check.Version, run.log())
	case !run.started && !inTime:
		why.message, why.warning = fmt.Sprintf("Version %s is live, and was not checked: too little of %s is left", check.Version,
			bluegreen.AutoRollback), true
	case obstacle != "":
		why.message, why.warning = fmt.Sprintf("Version %s is live, and its check by CronJob %s cannot start: %s", check.Version,
			check.CronJob, bluegreen.Shorten(obstacle, 400)), true
	default:
		return nil
	}
	return &why
}
