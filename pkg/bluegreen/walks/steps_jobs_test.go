package walks

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// What becomes of Jobs and CronJobs.

// cronJobs are those that every world begins with, and the labels of their pods.
func cronJobs() map[string]map[string]string {
	return map[string]map[string]string{"smoke": nil, "thorough": nil}
}

// jobsEnd has each Job that runs succeed, mostly, or fail.
func jobsEnd(w *world) {
	for _, job := range w.runningJobs() {
		w.finish(job, pick(w.dice, []batchv1.JobConditionType{
			batchv1.JobComplete, batchv1.JobComplete, batchv1.JobComplete, batchv1.JobFailed, batchv1.JobFailureTarget,
		}))
	}
}

// jobsSucceed has all of them succeed.
func jobsSucceed(w *world) {
	for _, job := range w.runningJobs() {
		w.finish(job, batchv1.JobComplete)
	}
}

func jobsFail(w *world) {
	for _, job := range w.runningJobs() {
		w.finish(job, batchv1.JobFailed)
	}
}

// checksRun lets checks start and end, and bluegreen see it.
func checksRun(w *world) {
	w.settle()
	jobsEnd(w)
	w.settle()
}

// releasesChecked releases a version whose checks succeed before the switch.
func releasesChecked(w *world) {
	releases(w)
	w.settle()
	jobsSucceed(w)
	if web := w.services["web"]; web != nil && w.dice.IntN(2) == 0 {
		w.annotate("web", approvedKey, web.Annotations[targetKey])
	}
	w.settle()
}

// failsAfterwards has the check after a switch fail; sometimes a version that is not ready is asked for meanwhile.
func failsAfterwards(w *world) {
	releasesChecked(w)
	if w.dice.IntN(2) == 0 {
		version := pick(w.dice, versions)
		w.breaks(w.webDeployment(version, 1).Name, w.layout == byVersion)
		w.annotate("web", targetKey, version)
		w.settle()
	}
	jobsFail(w)
	w.settle()
}

// failsAndRetries has the check before a switch fail, and asks for the same version again.
func failsAndRetries(w *world) {
	releases(w)
	w.settle()
	jobsFail(w)
	w.settle()
	asksAnew(w)
	w.settle()
	jobsSucceed(w)
	w.settle()
}

// checksLong lets a check take longer than any deadline.
func checksLong(w *world) {
	releases(w)
	w.settle()
	w.passes(6 * time.Minute)
	jobsSucceed(w)
	w.settle()
}

// endsAfterStart has bluegreen start a check, and end before it sees the Job.
func endsAfterStart(w *world) {
	releases(w)
	w.seeDeployments(-1)
	w.seeServices(-1)
	w.switching("web")
	if w.dice.IntN(2) == 0 {
		jobsEnd(w)
	}
	w.restart()
}

func (w *world) someJob() *batchv1.Job {
	names := w.jobNames()
	if len(names) == 0 {
		return nil
	}
	return w.jobs[pick(w.dice, names)]
}

func deletesJob(w *world) {
	if job := w.someJob(); job != nil {
		w.removeJob(job)
	}
}

// losesJobs deletes what runs, once bluegreen has seen it, or before.
func losesJobs(w *world) {
	if w.dice.IntN(2) == 0 {
		w.settle()
	}
	for _, job := range w.runningJobs() {
		w.removeJob(job)
	}
}

// takesName creates a Job under the name of a check, in place of it if it is there. It passes for one of bluegreen's only if bluegreen
// knows the other one.
func takesName(w *world) {
	service := w.services[w.someAsked()]
	if service == nil {
		return
	}
	name := w.nameOfCheck(service)
	if name == "" {
		return
	}
	w.now = w.now.Add(time.Second) // So that another ask has another name.
	made := &batchv1.Job{}
	if stored := w.jobs[name]; stored != nil {
		if _, found := recorded(service, stored.Name, stored.UID); found {
			made.Labels, made.OwnerReferences = stored.Labels, stored.OwnerReferences
		}
		w.removeJob(stored)
	}
	made.Namespace, made.Name, made.UID = namespace, name, w.newUID()
	made.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	w.count("somebody took the name of a check")
	w.storeJob(jobChange{act: act{by: user}, after: made})
}

// takesNameFirst creates a Job under the name of a check that cannot start yet.
func takesNameFirst(w *world) {
	before := w.cronJobs
	w.cronJobs = map[string]map[string]string{}
	releases(w)
	w.settle()
	takesName(w)
	w.cronJobs = before
	w.nextRevision()
	w.settle()
}

// nameOfCheck returns what the Job of a Service's check before the switch is called, or would be; empty for none.
func (w *world) nameOfCheck(service *corev1.Service) string {
	if jobs := w.observeChecks(w.read(service), w.objects).Jobs; len(jobs) > 0 {
		return pick(w.dice, jobs).Name
	}
	if targets := w.targets(service); managed(service) {
		check, _ := w.read(service).Before(targets, w.now)
		return check.Job
	}
	return ""
}

// changesCronJob deletes a CronJob, gives its pods labels, or puts it back.
func changesCronJob(w *world) {
	name := pick(w.dice, []string{"smoke", "thorough"})
	w.nextRevision()
	switch w.dice.IntN(4) {
	case 0:
		delete(w.cronJobs, name)
	case 1:
		w.cronJobs[name] = map[string]string{"name": "web", "version": pick(w.dice, versions)}
	default:
		w.cronJobs[name] = nil
	}
}

// disablesChecks takes the right to run Jobs from the installation, or gives it back. That starts another process.
func disablesChecks(w *world) {
	w.checksDisabled = !w.checksDisabled
	w.count("checks were disabled, or enabled")
	w.restart()
}

// mendsJobs takes away what keeps Jobs from running.
func (w *world) mendsJobs() {
	w.cronJobs = cronJobs()
	w.nextRevision()
	if w.checksDisabled {
		disablesChecks(w)
	}
	for _, name := range w.jobNames() {
		if !slices.ContainsFunc(w.ledger.checks, func(known *check) bool { return known.uid == w.jobs[name].UID }) {
			w.removeJob(w.jobs[name])
		}
	}
}
