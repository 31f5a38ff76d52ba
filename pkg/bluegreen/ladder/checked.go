package ladder

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Checks are what has been observed of checks by Jobs.
type Checks struct {
	// Enabled reports whether the installation may run Jobs.
	Enabled bool

	// Jobs are those that check the Service.
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
	check, asked := before(state)
	if !asked {
		return nil
	}
	if !templatesKnown(state) {
		return &bluegreen.Decision{Reason: bluegreen.ReasonNotChecked} // As before: they are about to be.
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

// before returns the check of the target; false if none is asked for.
func before(state State) (bluegreen.Check, bool) {
	return state.Service.Before(state.Targets(), state.Now)
}

func templatesKnown(state State) bool {
	return !slices.ContainsFunc(state.Targets(), func(one *appsv1.Deployment) bool { return !bluegreen.TemplateKnown(one) })
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
		why.message += "waits: " + lags
	default:
		why.message += "starts"
	}
	decision := hold(state, bluegreen.Checking, why, recordsWith(state, bluegreen.OutcomeReady))
	if obstacle != "" {
		*decision = decision.LookingAgainBy(state.Now.Add(tryAgainAfter))
		decision.Writes = append(decision.Writes, clearEnded(state)...) // What is in the way may be the Job before: a quota counts it.
	} else if lags == "" {
		decision.Writes = append(decision.Writes, start(state, check)...)
	}
	return decision
}

// lagging returns what a check waits for that has nothing in the way: pods of other templates would answer it, or a preview shows another
// version. Empty if it waits for nothing.
func lagging(state State) string {
	for _, deployment := range state.Targets() {
		if !rolledOut(deployment) {
			return "Deployment " + deployment.Name + " is not rolled out completely"
		}
	}
	for _, preview := range state.Checks.Previews {
		if preview.Live() == state.Service.Target {
			continue
		}
		why := ""
		if message := preview.Annotations[bluegreen.MessageKey]; message != "" {
			why = " (" + bluegreen.Shorten(message, 300) + ")"
		}
		return fmt.Sprintf("Service %s does not select it yet%s", preview.Name, why)
	}
	return ""
}

// start returns the writes that start a check, in place of the one before.
func start(state State, check bluegreen.Check) []bluegreen.Write {
	if len(state.Checks.Previews) > 0 {
		check.Preview = state.Checks.Previews[0].Name
	}
	return append(clearEnded(state), bluegreen.Write{
		Change: bluegreen.StartCheck{Service: state.Service.Service, Check: check},
		Tell: &bluegreen.Event{Reason: bluegreen.ReasonCheckStarted, Action: bluegreen.Checks,
			Message: fmt.Sprintf("Job %s checks version %s", check.Job, check.Version)},
	})
}

// clearEnded returns the writes that delete the Jobs which have ended, and matter no more.
func clearEnded(state State) []bluegreen.Write {
	return endJobs(state, func(result bluegreen.CheckResult) bool { return result != "" })
}

// endChecks returns the writes that end Jobs which check what nobody asks for any more. What is asked for is not known while an annotation
// is invalid.
func endChecks(state State) []bluegreen.Write {
	if len(state.Service.Errors) > 0 {
		return nil
	}
	return endJobs(state, func(result bluegreen.CheckResult) bool { return result == "" })
}

func endJobs(state State, ofResult func(bluegreen.CheckResult) bool) []bluegreen.Write {
	var writes []bluegreen.Write
	for _, job := range state.Checks.Jobs {
		if result, _ := bluegreen.ResultOf(job); ofResult(result) && !state.current(job) {
			writes = append(writes, bluegreen.Write{Change: bluegreen.EndCheck{Job: job}})
		}
	}
	return writes
}

// current reports whether a Job is that of a check that matters now. While a template is not known, that is each which is recorded.
func (s State) current(job *batchv1.Job) bool {
	recorded := func(record bluegreen.CheckRecord) bool { return record.Job == job.Name }
	if !templatesKnown(s) && slices.ContainsFunc(bluegreen.CheckRecords(s.Service.Service), recorded) {
		return true
	}
	return slices.ContainsFunc(s.checks(), func(check bluegreen.Check) bool { return check.Job == job.Name })
}

// checks returns the checks that matter now: that of the ask, and that of the last switch.
func (s State) checks() []bluegreen.Check {
	var found []bluegreen.Check
	if check, asked := before(s); asked {
		found = append(found, check)
	}
	if check, asked := s.Service.After(); asked {
		found = append(found, check)
	}
	return found
}

// recordChecks puts into the annotations that bluegreen alone writes the records of the checks that matter now, as far as they are; and
// those of the ask that stands, until it is checked anew: its Deployments may only be out of sight.
func recordChecks(state State, own map[string]string) {
	records := state.Service.Annotations[bluegreen.ChecksKey]
	// What becomes of them is known once that is mended.
	if known := len(state.Service.Errors) == 0 && state.Checks.Enabled && templatesKnown(state); known {
		records = bluegreen.WriteChecks(recordsOfChecks(state))
	}
	if records == "" {
		delete(own, bluegreen.ChecksKey)
	} else {
		own[bluegreen.ChecksKey] = records
	}
}

func recordsOfChecks(state State) []bluegreen.CheckRecord {
	var kept []bluegreen.CheckRecord
	if check, asked := before(state); asked && !runOf(state, check).started {
		if _, stands := state.Service.Attempt(); stands {
			kept = bluegreen.CheckRecords(state.Service.Service)
		}
	}
	for _, check := range state.checks() {
		kept = slices.DeleteFunc(kept, check.Is)
		if run := runOf(state, check); run.started {
			kept = append(kept, bluegreen.CheckRecord{Job: check.Job, UID: run.uid, Result: run.result})
		}
	}
	return kept
}
