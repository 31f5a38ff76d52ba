package walks

import (
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
)

// Jobs that check versions: how they are stored, seen, prepared, started and ended.

// jobChange is a Job as it was and as it is; nil where it did not exist, or does not.
type jobChange struct {
	act
	before, after *batchv1.Job

	// starts is the check that bluegreen starts; none in any other change.
	starts bluegreen.StartCheck
}

// storeJob stores a Job, or takes it away.
func (w *world) storeJob(change jobChange) {
	version := w.nextRevision()
	if change.after != nil {
		change.after.ResourceVersion = version
		w.jobs[change.after.Name] = change.after
	} else {
		delete(w.jobs, change.before.Name)
	}
	w.process.jobs = append(w.process.jobs, change)
	w.judgeJob(change)
}

// seeJobs lets the process see so many more changes of Jobs, all if that is negative.
func (w *world) seeJobs(count int) {
	see(&w.process.jobs, count, func(change jobChange) {
		keep(w.process.cache.jobs, change.before, change.after)
		for _, job := range []*batchv1.Job{change.before, change.after} {
			if job != nil {
				w.process.heard[job.Labels[bluegreen.CheckOf]] = true
			}
		}
	})
}

// jobNames are those of the Jobs in a namespace, in order.
func (o objects) jobNames() []string { return slices.Sorted(maps.Keys(o.jobs)) }

// observeChecks gathers what is known of the checks of a Service, its Jobs by the cache or by the API server.
func (w *world) observeChecks(service bluegreen.Service, all objects) ladder.Checks {
	checks := ladder.Checks{Enabled: !w.checksDisabled}
	if w.checksDisabled || service.Leader != "" {
		return checks
	}
	for _, name := range all.jobNames() {
		if service.Checks(all.jobs[name]) {
			checks.Jobs = append(checks.Jobs, all.jobs[name])
		}
	}
	if service.CheckBefore != "" || service.CheckAfter != "" {
		checks.Previews = slices.DeleteFunc(w.ledBy(service.Name), func(led bluegreen.Service) bool { return !led.Preview })
	}
	return checks
}

// prepare returns a decision with the Jobs that it starts, and another one if something is in their way.
func (w *world) prepare(state ladder.State, decision bluegreen.Decision) bluegreen.Decision {
	for i, write := range decision.Writes {
		start, is := write.Change.(bluegreen.StartCheck)
		if !is {
			continue
		}
		job, obstacle := w.prepareJob(start)
		switch {
		case obstacle != "":
			w.count("a check could not start")
			known := maps.Clone(state.Checks.Obstacles)
			if known == nil {
				known = map[string]string{}
			}
			known[start.Check.Job] = obstacle
			state.Checks.Obstacles = known
			return w.prepare(state, w.decisions.service(state))
		case job == nil:
			return bluegreen.Decision{}
		}
		start.Job = job
		decision.Writes[i].Change = start
	}
	return decision
}

// prepareJob returns the Job that starts a check, or why it cannot be created; neither if it is there already.
func (w *world) prepareJob(start bluegreen.StartCheck) (job *batchv1.Job, obstacle string) {
	podLabels, exists := w.cronJobs[start.Check.CronJob]
	if !exists {
		return nil, "CronJob " + start.Check.CronJob + " does not exist: create it"
	}
	cronJob := &batchv1.CronJob{}
	cronJob.Spec.JobTemplate.Spec.Template.Labels = podLabels
	job = start.Check.JobOf(start.Service, cronJob)
	if obstacle = w.decisions.endpoints(w.readAll(w.objects), job); obstacle != "" {
		return nil, obstacle
	}
	stored := w.jobs[job.Name]
	switch {
	case stored == nil:
		return job, ""
	case bluegreen.Read(start.Service).Checks(stored):
		return nil, ""
	default:
		w.count("a Job of somebody had the name of a check")
		return nil, "Job " + job.Name + " exists, and is not bluegreen's: delete it"
	}
}

// startJob creates the Job of a check, and reports whether nobody was faster.
func (w *world) startJob(by act, start bluegreen.StartCheck) bool {
	if w.jobs[start.Job.Name] != nil {
		w.count("bluegreen was overtaken")
		return false
	}
	job := start.Job.DeepCopy()
	job.UID = w.newUID()
	w.tell("    %s: Job %s by CronJob %s", by.why, job.Name, start.Check.CronJob)
	w.storeJob(jobChange{act: by, after: job, starts: start})
	w.collectJobs()
	return true
}

// endJob deletes a Job, and reports whether it is still the one that was seen.
func (w *world) endJob(by act, seen *batchv1.Job) bool {
	stored := w.jobs[seen.Name]
	switch {
	case stored == nil:
		return true
	case stored.UID != seen.UID:
		w.count("bluegreen was overtaken")
		return false
	}
	w.tell("    %s: Job %s ends", by.why, seen.Name)
	w.storeJob(jobChange{act: by, before: stored})
	return true
}

// collectJobs is the garbage collector: Jobs go with the Service that owns them.
func (w *world) collectJobs() {
	for _, name := range w.jobNames() {
		owned := slices.ContainsFunc(serviceNames, func(owner string) bool {
			service := w.services[owner]
			return service != nil && len(w.jobs[name].OwnerReferences) > 0 && w.jobs[name].OwnerReferences[0].UID == service.UID
		})
		if !owned && len(w.jobs[name].OwnerReferences) > 0 {
			w.storeJob(jobChange{act: act{by: kubernetes}, before: w.jobs[name]})
		}
	}
}

// running are the Jobs that have not ended, by name.
func (w *world) runningJobs() []*batchv1.Job {
	var found []*batchv1.Job
	for _, name := range w.jobNames() {
		if job := w.jobs[name]; len(job.Status.Conditions) == 0 {
			found = append(found, job)
		}
	}
	return found
}

// finish is the Job controller: a Job is complete, or has failed, after a second or more.
func (w *world) finish(job *batchv1.Job, how batchv1.JobConditionType) {
	w.now = w.now.Add(time.Second)
	after := job.DeepCopy()
	after.Status.Conditions = append(after.Status.Conditions, batchv1.JobCondition{Type: how, Status: corev1.ConditionTrue, Reason: "Ended"})
	w.tell("  Job %s: %s", job.Name, how)
	w.storeJob(jobChange{act: act{by: kubernetes}, before: job, after: after})
}

// removeJob deletes a Job, as anybody may.
func (w *world) removeJob(job *batchv1.Job) {
	w.tell("  Job %s is deleted", job.Name)
	w.storeJob(jobChange{act: act{by: user}, before: job})
}
