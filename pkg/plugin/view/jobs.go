package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Job is one that checks a version of a Service.
type Job struct {
	*batchv1.Job

	// Version is what it checks.
	Version string

	// Result is how it ended, and Why what Kubernetes says of a failure; both are empty as long as it runs.
	Result bluegreen.CheckResult
	Why    string

	// Pods are its pods, by name.
	Pods []Pod
}

// jobsOf returns the Jobs that check a version of a Service, the newest last.
func jobsOf(objects Objects, service bluegreen.Service) []Job {
	var found []Job
	for _, job := range objects.Jobs {
		if service.Checks(job) {
			result, why := bluegreen.ResultOf(job)
			found = append(found, Job{Job: job, Version: bluegreen.CheckedVersion(job), Result: result, Why: why, Pods: podsOf(objects, job)})
		}
	}
	slices.SortFunc(found, func(a, b Job) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	return found
}

// State returns the state of the Job in one word, as kubectl get jobs has it.
func (j Job) State() string {
	switch j.Result {
	case bluegreen.CheckSucceeded:
		return "Complete"
	case bluegreen.CheckFailed:
		return "Failed"
	default:
		return "Running"
	}
}

// Look returns the command that shows what the Job says.
func (j Job) Look() string { return fmt.Sprintf("kubectl logs job/%s -n %s", j.Name, j.Namespace) }

// Completions returns how many of its pods must succeed.
func (j Job) Completions() int { return int(ptr.Deref(j.Spec.Completions, 1)) }

// ends returns until when the Job must have ended.
func (j Job) ends() []Step {
	if j.Result != "" || j.Status.StartTime == nil || j.Spec.ActiveDeadlineSeconds == nil {
		return nil
	}
	most := time.Duration(*j.Spec.ActiveDeadlineSeconds) * time.Second
	return []Step{{What: fmt.Sprintf("Job %s fails (activeDeadlineSeconds) unless it is complete by", j.Name),
		At: j.Status.StartTime.Add(most)}}
}
