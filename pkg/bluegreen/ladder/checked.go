package ladder

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Checks are what has been observed of checks by Jobs.
type Checks struct {
	// Enabled reports whether the installation may run Jobs.
	Enabled bool

	// Jobs are those that check the Service, by name.
	Jobs []*batchv1.Job

	// Previews are the previews of the Service, by name.
	Previews []bluegreen.Service

	// Obstacles say why a Job cannot be created, by its name; none if that is not known.
	Obstacles map[string]string
}

// checkFailed begins what is said of a version that was given up because of its check.
const checkFailed = "failed its check"

// checked holds when no switch is pending, when no check before it is asked for, or when that has succeeded for this ask and these
// templates.
func checked(state State) *bluegreen.Decision {
	check, asked := state.Service.Before(state.Targets(), state.Now)
	if !asked {
		return nil
	}
	run := runOf(state, check)
	switch run.result {
	case bluegreen.CheckSucceeded:
		return nil
	case bluegreen.CheckFailed, bluegreen.CheckLost:
		return stay(state, bluegreen.Failed, givenUp(state, checkFailed+" before the switch ("+run.problem()+")"),
			recordsWith(state, bluegreen.OutcomeFailed))
	}
	if run.started {
		return hold(state, bluegreen.Checking, verdict{reason: bluegreen.ReasonChecking,
			message: fmt.Sprintf("Version %s is ready, and is being checked: %s", state.Service.Target, run.log())},
			recordsWith(state, bluegreen.OutcomeReady))
	}
	return startBefore(state, check)
}

// startBefore starts the check before the switch, unless something is in the way.
func startBefore(state State, check bluegreen.Check) *bluegreen.Decision {
	why := verdict{reason: bluegreen.ReasonNotChecked, message: fmt.Sprintf("Version %s is ready, and its check by CronJob %s ",
		state.Service.Target, check.CronJob)}
	obstacle, lags := state.Checks.Obstacles[check.Job], lagging(state)
	switch {
	case obstacle != "":
		why.message, why.warning = why.message+"cannot start: "+bluegreen.Shorten(obstacle, 400), true
	case lags != "":
		why.message += fmt.Sprintf("waits until Service %s selects it", lags)
	default:
		why.message += "starts"
	}
	decision := hold(state, bluegreen.Checking, why, recordsWith(state, bluegreen.OutcomeReady))
	if obstacle != "" {
		*decision = decision.LookingAgainBy(state.Now.Add(tryAgainAfter))
	} else if lags == "" {
		decision.Writes = append(decision.Writes, start(state, check)...)
	}
	return decision
}

// lagging returns the name of a preview that does not select the target yet; empty if there is none.
func lagging(state State) string {
	for _, preview := range state.Checks.Previews {
		if preview.Live() != state.Service.Target {
			return preview.Name
		}
	}
	return ""
}

// start returns the writes that start a check, in place of the one before.
func start(state State, check bluegreen.Check) []bluegreen.Write {
	if len(state.Checks.Previews) > 0 {
		check.Preview = state.Checks.Previews[0].Name
	}
	var writes []bluegreen.Write
	for _, job := range state.Checks.Jobs {
		if result, _ := bluegreen.ResultOf(job); result != "" && !state.current(job) {
			writes = append(writes, bluegreen.Write{Change: bluegreen.EndCheck{Job: job}})
		}
	}
	return append(writes, bluegreen.Write{
		Change: bluegreen.StartCheck{Service: state.Service.Service, Check: check},
		Tell: &bluegreen.Event{Reason: bluegreen.ReasonCheckStarted, Action: bluegreen.Checks,
			Message: fmt.Sprintf("Job %s checks version %s", check.Job, check.Version)},
	})
}

// endChecks returns the writes that end Jobs which check what nobody asks for any more. What is asked for is not known while an annotation
// is invalid.
func endChecks(state State) []bluegreen.Write {
	var writes []bluegreen.Write
	for _, job := range state.Checks.Jobs {
		if result, _ := bluegreen.ResultOf(job); result == "" && len(state.Service.Errors) == 0 && !state.current(job) {
			writes = append(writes, bluegreen.Write{Change: bluegreen.EndCheck{Job: job}})
		}
	}
	return writes
}

// current reports whether a Job is that of a check that matters now.
func (s State) current(job *batchv1.Job) bool {
	return slices.ContainsFunc(s.checks(), func(check bluegreen.Check) bool { return check.Job == job.Name })
}

// checks returns the checks that matter now: that of the ask, and that of the last switch.
func (s State) checks() []bluegreen.Check {
	var found []bluegreen.Check
	if before, asked := s.Service.Before(s.Targets(), s.Now); asked {
		found = append(found, before)
	}
	if after, asked := s.Service.After(); asked {
		found = append(found, after)
	}
	return found
}

// recordsOfChecks returns the records of the checks that matter now, as far as they are.
func recordsOfChecks(state State) string {
	if len(state.Service.Errors) > 0 || !state.Checks.Enabled {
		return state.Service.Annotations[bluegreen.ChecksKey] // What becomes of them is known once that is mended.
	}
	var records []string
	for _, check := range state.checks() {
		if run := runOf(state, check); run.started {
			records = append(records, bluegreen.CheckRecord{Job: check.Job, UID: run.uid, Result: run.result}.String())
		}
	}
	return strings.Join(records, ",")
}
