package ladder

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// run is how far a check is: what its record says, and beyond that its Job.
type run struct {
	bluegreen.Check
	namespace string

	// started reports whether there is, or was, a Job.
	started bool
	uid     types.UID

	// result is how it ended, and why what the Job says about that.
	result bluegreen.CheckResult
	why    string
}

// runOf returns how far a check is. A result stays what it was when it was recorded, and a Job that was recorded is not started again.
func runOf(state State, check bluegreen.Check) run {
	found := run{Check: check, namespace: state.Service.Namespace}
	record, recorded := state.Service.RecordOf(check)
	i := slices.IndexFunc(state.Checks.Jobs, func(job *batchv1.Job) bool {
		return job.Name == check.Job && (!recorded || job.UID == record.UID)
	})
	found.started, found.uid, found.result = recorded || i >= 0, record.UID, record.Result
	if i >= 0 {
		job := state.Checks.Jobs[i]
		result, why := bluegreen.ResultOf(job)
		found.uid, found.why = job.UID, why
		if found.result == "" {
			found.result = result
		}
	} else if recorded && found.result == "" {
		found.result = bluegreen.CheckLost
	}
	return found
}

// problem says why a check has not succeeded.
func (r run) problem() string {
	if r.result == bluegreen.CheckLost {
		return fmt.Sprintf("Job %s was deleted before it ended", r.Job)
	}
	why := ""
	if r.why != "" {
		why = " (" + bluegreen.Shorten(r.why, 300) + ")"
	}
	return fmt.Sprintf("Job %s has failed%s; to see why: %s", r.Job, why, r.log())
}

// log returns the command that prints what the Job's pods said.
func (r run) log() string { return fmt.Sprintf("kubectl logs job/%s -n %s", r.Job, r.namespace) }
