package walks

import (
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
)

// Mutants about checks, and what is wrong with them.

// mutantsOfChecks are by what is wrong with them.
var mutantsOfChecks = map[string]mutant{
	"skips the check": {
		rule:   "traffic waits for its check",
		breaks: seeing(func(state *ladder.State) { state.Service.CheckBefore = "" }),
	},
	"takes a Job of another ask": {
		rule:   "traffic waits for its check",
		breaks: seeing(anyJobWillDo),
	},
	"takes somebody's Job for its own": {
		rule:   "traffic waits for its check",
		breaks: seeing(anyUIDWillDo),
	},
	"starts a check again that is lost": {
		rule:   "a check is started once",
		breaks: seeing(forgetsLostChecks),
	},
	"checks what is not ready": {
		rule:   "a check starts for what is asked for, and ready",
		breaks: seeing(noPreviews),
	},
	"checks with pods that get traffic": {
		rule:   "the pods of a check get no traffic",
		breaks: func(d *decisions) { d.endpoints = func([]bluegreen.Service, *batchv1.Job) string { return "" } },
	},
	"lets a check take as long as it likes": {
		rule:   "a check after a switch ends before the window does",
		breaks: deciding(noLimit),
	},
	"ends a check that is asked for": {
		rule:   "a check that is asked for goes on",
		breaks: endingChecks,
	},
	"does not hear of failures": {
		rule:   "what is ready is checked, and given up if that fails",
		breaks: seeing(failuresRun),
	},
	"stays on what has failed its check": {
		rule:   "what is live is checked, and left if that fails",
		breaks: seeing(failuresAfterRun),
	},
	"leaves Jobs that nobody asks for": {
		rule:   "nothing is checked that nobody asks for",
		breaks: deciding(endsNoCheck),
	},
	"takes a check that is lost for one that has failed": {
		rule:   "traffic returns from what broke, in the window, once",
		breaks: seeing(lostIsFailed),
	},
	"has a webhook that takes records for its own": {
		rule:   answersPass,
		breaks: answering(changesChecks),
	},
}

// eachJob changes the Jobs that are seen.
func eachJob(state *ladder.State, change func(*batchv1.Job)) {
	jobs := make([]*batchv1.Job, 0, len(state.Checks.Jobs))
	for _, job := range state.Checks.Jobs {
		seen := job.DeepCopy()
		change(seen)
		jobs = append(jobs, seen)
	}
	state.Checks.Jobs = jobs
}

// recording has a Service record something else of its checks; nothing if that is empty.
func recording(state *ladder.State, records string) {
	object := state.Service.DeepCopy()
	delete(object.Annotations, checksKey)
	if records != "" {
		object.Annotations[checksKey] = records
	}
	state.Service.Service = object
}

// anyJobWillDo takes whatever Job there is for the one that checks the ask.
func anyJobWillDo(state *ladder.State) {
	if check, asked := state.Service.Before(state.Targets(), state.Now); asked && state.Service.Annotations[checksKey] == "" {
		eachJob(state, func(job *batchv1.Job) { job.Name = check.Job })
	}
}

// anyUIDWillDo takes a Job for its own if the name is right.
func anyUIDWillDo(state *ladder.State) {
	check, asked := state.Service.Before(state.Targets(), state.Now)
	record, found := state.Service.RecordOf(check)
	if asked && found && record.Result == "" {
		eachJob(state, func(job *batchv1.Job) {
			if job.Name == check.Job {
				job.UID = record.UID
			}
		})
	}
}

// forgetsLostChecks knows of no check whose Job is gone.
func forgetsLostChecks(state *ladder.State) {
	records := state.Service.Annotations[checksKey]
	if records != "" && !slices.ContainsFunc(state.Checks.Jobs, func(job *batchv1.Job) bool { return strings.Contains(records, job.Name) }) {
		recording(state, "")
	}
}

func noPreviews(state *ladder.State) { state.Checks.Previews = nil }

func noLimit(decision *bluegreen.Decision) {
	for i, write := range decision.Writes {
		if start, is := write.Change.(bluegreen.StartCheck); is {
			start.Check.Most = 0
			decision.Writes[i].Change = start
		}
	}
}

// endingChecks has every Job end that runs.
func endingChecks(d *decisions) {
	d.service = func(state ladder.State) bluegreen.Decision {
		decision := ladder.Decide(state)
		for _, job := range state.Checks.Jobs {
			decision.Writes = append(decision.Writes, bluegreen.Write{Change: bluegreen.EndCheck{Job: job}})
		}
		return decision
	}
}

// failuresRun hears of no failure.
func failuresRun(state *ladder.State) {
	eachJob(state, func(job *batchv1.Job) {
		if result, _ := bluegreen.ResultOf(job); result == bluegreen.CheckFailed {
			job.Status.Conditions = nil
		}
	})
}

func failuresAfterRun(state *ladder.State) {
	if check, asked := state.Service.After(); asked {
		eachJob(state, func(job *batchv1.Job) {
			if job.Name == check.Job {
				job.Status.Conditions = nil
			}
		})
	}
}

func endsNoCheck(decision *bluegreen.Decision) {
	decision.Writes = slices.DeleteFunc(decision.Writes, func(write bluegreen.Write) bool {
		_, is := write.Change.(bluegreen.EndCheck)
		return is
	})
}

func lostIsFailed(state *ladder.State) {
	check, asked := state.Service.After()
	record, found := state.Service.RecordOf(check)
	gone := !slices.ContainsFunc(state.Checks.Jobs, func(job *batchv1.Job) bool { return job.UID == record.UID })
	if asked && found && record.Result == "" && gone {
		record.Result = bluegreen.CheckFailed
		recording(state, record.String())
	}
}

func changesChecks(_ admission.ServiceWrite, stored *corev1.Service) {
	if stored.Annotations[checksKey] != "" {
		stored.Annotations[checksKey] += ",web-check-1/2"
	}
}
