package ladder

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// jobRunner holds the Jobs of a cluster, and creates and deletes them.
type jobRunner struct {
	jobs map[string]*batchv1.Job

	// started are the names of all Jobs that ever were, in order, and ended of those that bluegreen deleted.
	started, ended []string

	// obstacle is why no Job can be created; empty if one can.
	obstacle string

	previews []*corev1.Service
	disabled bool
}

// observed is what the controller sees of the checks of a Service.
func (c *jobRunner) observed(service *corev1.Service) Checks {
	seen := Checks{Enabled: !c.disabled}
	for _, name := range slices.Sorted(maps.Keys(c.jobs)) {
		if bluegreen.Read(service).Checks(c.jobs[name]) {
			seen.Jobs = append(seen.Jobs, c.jobs[name])
		}
	}
	for _, preview := range c.previews {
		seen.Previews = append(seen.Previews, bluegreen.Read(preview))
	}
	return seen
}

// prepare decides anew if something is in the way of a check that would start.
func (c *jobRunner) prepare(state State, action Action) Action {
	if c.obstacle == "" || len(action.Starts) == 0 {
		return action
	}
	state.Checks.Obstacles = map[string]string{}
	for _, start := range action.Starts {
		state.Checks.Obstacles[start.Check.Job] = c.obstacle
	}
	return decideOn(state)
}

// perform starts and ends Jobs, and reports whether there were any.
func (c *jobRunner) perform(service *corev1.Service, action Action) bool {
	for _, name := range action.Ends {
		delete(c.jobs, name)
		c.ended = append(c.ended, name)
	}
	for _, start := range action.Starts {
		job := start.Check.JobOf(service, &batchv1.CronJob{})
		c.started = append(c.started, job.Name)
		job.UID = types.UID(fmt.Sprint("job-", len(c.started)))
		if c.jobs == nil {
			c.jobs = map[string]*batchv1.Job{}
		}
		c.jobs[job.Name] = job
	}
	return len(action.Ends) > 0 || len(action.Starts) > 0
}

// latest is the Job that was started last.
func (c *jobRunner) latest() *batchv1.Job { return c.jobs[c.started[len(c.started)-1]] }

// jobEnds makes the latest Job complete, or fail.
func jobEnds(how batchv1.JobConditionType) step {
	return func(c *cluster) {
		job := c.checks.latest().DeepCopy()
		job.Status.Conditions = []batchv1.JobCondition{{Type: how, Status: corev1.ConditionTrue, Reason: "BecauseOf", Message: "what it found"}}
		c.checks.jobs[job.Name] = job
	}
}

var (
	jobSucceeds = jobEnds(batchv1.JobComplete)
	jobFails    = jobEnds(batchv1.JobFailed)
)

// jobGone deletes the latest Job.
func jobGone(c *cluster) { delete(c.checks.jobs, c.checks.latest().Name) }

// jobCreatedAnew is the latest Job, deleted by somebody who created another one under its name.
func jobCreatedAnew(c *cluster) {
	job := c.checks.latest().DeepCopy()
	job.UID = "somebody-elses"
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	c.checks.jobs[job.Name] = job
}

// inTheWay keeps Jobs from being created, until it is empty.
func inTheWay(what string) step { return func(c *cluster) { c.checks.obstacle = what } }

// previewOn is a preview that selects a version.
func previewOn(version string) step {
	return func(c *cluster) { c.checks.previews = []*corev1.Service{Preview(SelectsVersion(version))} }
}

// checksDisabled takes the right to run Jobs from the installation.
func checksDisabled(c *cluster) { c.checks.disabled = true }

// starting is a Service whose target is ready, and whose check cannot start; checking one whose check runs; liveUnchecked one whose live
// version is being checked, or cannot be.
func starting(version string, writes int) stop {
	return stop{"Checking", ReasonNotChecked, version, writes}
}
func checking(version string, writes int) stop {
	return stop{"Checking", ReasonChecking, version, writes}
}
func liveUnchecked(version string, writes int) stop {
	return stop{"Stable", ReasonLiveNotChecked, version, writes}
}

// known is a Deployment of a version that is rolled out, and whose template is known: Kubernetes' controller has noted a revision.
func known(version string, options ...DeploymentOption) *appsv1.Deployment {
	return Deployment(version, append([]DeploymentOption{Revision("1"), Rolled(3, 3, 3)}, options...)...)
}
