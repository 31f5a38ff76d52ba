package walks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// What docs/annotations.md says of checks, spelled once more for the rules.

const (
	beforeKey = "bluegreen/pre-promotion-check"
	afterKey  = "bluegreen/post-promotion-check"
	checksKey = "bluegreen/checks"
)

// check is a Job that bluegreen started, and what became of it.
type check struct {
	// service is the UID of the Service, job the Job's name, and uid its own.
	service types.UID
	job     string
	uid     types.UID

	// after reports whether it checks what a switch made live: which one. Otherwise it is for an ask, and for templates: as the cache
	// knew them, and as the API server had them.
	after     bool
	cronJob   string
	switched  record
	ask       ask
	templates []string

	// at is when it was started. attempt and wanted count the records of attempts, and the annotations that ask for checks, until then.
	at              time.Time
	attempt, wanted int

	// result is how it really ended, empty if it has not. known reports whether bluegreen has recorded it, and nobody removed that. gone and
	// ended are whether the Job was deleted, and by bluegreen.
	result             string
	known, gone, ended bool
}

// checkOf returns the check that bluegreen starts by a change.
func (w *world) checkOf(change jobChange) *check {
	service := change.starts.Service
	last, _ := recordOf(service)
	made := &check{service: service.UID, job: change.after.Name, uid: change.after.UID, cronJob: change.starts.Check.CronJob, at: w.now}
	made.attempt, made.wanted = change.attempt, w.ledger.wanted[service.UID]
	if made.after = change.starts.Check.Version == live(service); made.after {
		made.switched = last
		return made
	}
	made.ask = askOf(service)
	made.templates = []string{w.templatesOf(change.cached, service), w.templatesOf(change.confirmed, service)}
	return made
}

// templatesOf returns what would get traffic if a Service, and those that follow it, went to its target.
func (w *world) templatesOf(all objects, service *corev1.Service) string {
	target := service.Annotations[targetKey]
	found := map[string]bool{}
	add := func(one *corev1.Service) {
		for _, deployment := range targetsOf(all, one, onVersion(one, target)) {
			found[fmt.Sprintf("%s/%s/%s", deployment.Name, deployment.UID, deployment.Annotations[revisionKey])] = true
		}
	}
	add(service)
	for _, name := range serviceNames {
		if follower := all.services[name]; follower != nil && leaderOf(follower) == service.Name && !isPreview(follower) &&
			w.sound(follower) && live(follower) != target {
			add(follower)
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), " ")
}

// seen returns what a switch is decided on: what the API server has of those that the cache took for targets, and for the rest the cache.
func (w *world) seen(change serviceChange) objects {
	service := change.before
	target := service.Annotations[targetKey]
	seen := objects{services: change.cached.services, deployments: map[string]*appsv1.Deployment{}}
	for name, known := range change.cached.deployments {
		for _, one := range change.cached.services {
			together := one.Name == service.Name || leaderOf(one) == service.Name
			if current := change.confirmed.deployments[name]; together && current != nil && has(known.Spec.Template.Labels, onVersion(one, target)) {
				seen.deployments[name] = current
			}
		}
	}
	return seen
}

// asked reports whether a check is what a Service asks for, by some objects.
func (w *world) asked(one *check, service *corev1.Service, all objects) bool {
	switch {
	case service == nil || service.UID != one.service || !w.sound(service) || leaderOf(service) != "":
		return false
	case one.after:
		last, found := recordOf(service)
		return found && last.watch != "" && service.Annotations[afterKey] == one.cronJob &&
			last.from == one.switched.from && last.to == one.switched.to && last.at.Equal(one.switched.at)
	default:
		since := w.ledger.askedAt[service.UID].Truncate(time.Second) // Records have whole seconds.
		return w.pending(service) && service.Annotations[beforeKey] == one.cronJob && one.ask == askOf(service) && !one.at.Before(since) &&
			slices.Contains(one.templates, w.templatesOf(all, service))
	}
}

// How far a check is.
const (
	notStarted = ""
	runs       = "runs"
	succeeded  = "Succeeded"
	failed     = "Failed"
	lost       = "Lost"
)

// standing returns how far the check of a Service is, before or after a switch, by what really happened and what is recorded.
func (w *world) standing(service *corev1.Service, after bool) string {
	for _, one := range slices.Backward(w.ledger.checks) {
		if one.after != after || !w.asked(one, service, w.objects) {
			continue
		}
		result, known := recorded(service, one.job, one.uid)
		switch stored := w.jobs[one.job]; {
		case known && result != "":
			return result
		case stored != nil && stored.UID == one.uid && one.result == "":
			return runs
		case stored != nil && stored.UID == one.uid:
			return one.result
		case known:
			return lost
		}
	}
	return notStarted
}

// recorded returns what a Service records of a Job, false if it does not name it.
func recorded(service *corev1.Service, job string, uid types.UID) (result string, found bool) {
	for entry := range strings.SplitSeq(service.Annotations[checksKey], ",") {
		if parts := strings.Split(entry, "/"); len(parts) > 1 && parts[0] == job && parts[1] == string(uid) {
			return strings.Join(parts[2:], "/"), true
		}
	}
	return "", false
}

// wantsChecks reports whether a Service wants any, and cannotCheck whether the installation does not let it.
func wantsChecks(service *corev1.Service) bool {
	return service.Annotations[beforeKey] != "" || service.Annotations[afterKey] != ""
}

func (w *world) cannotCheck(service *corev1.Service) bool {
	return w.checksDisabled && leaderOf(service) == "" && wantsChecks(service)
}

// obstructed reports whether a Job of a CronJob may not start: that is missing, its pods may get traffic, somebody has its name, or, before
// a switch, a preview is not there yet, or pods of another template are; after one, if too little of the window is left.
func (w *world) obstructed(service *corev1.Service, cronJob string, before bool) bool {
	podLabels, exists := w.cronJobs[cronJob]
	foreign := slices.ContainsFunc(w.jobNames(), func(name string) bool { return w.checkBy(w.jobs[name]) == nil })
	lags := slices.ContainsFunc(w.each(isPreview), func(preview *corev1.Service) bool {
		return leaderOf(preview) == service.Name && live(preview) != service.Annotations[targetKey]
	})
	if before {
		return !exists || podLabels != nil || foreign || lags || w.rollsOut(service)
	}
	return !exists || podLabels != nil || foreign || w.windowEnds(service, 30*time.Second)
}

// rollsOut reports whether a Deployment of the target of a Service, or of one that follows it, has other pods than those of its template.
func (w *world) rollsOut(service *corev1.Service) bool {
	return slices.ContainsFunc(w.each(managed), func(one *corev1.Service) bool {
		together := one.Name == service.Name || leaderOf(one) == service.Name && !isPreview(one)
		targets := targetsOf(w.objects, one, onVersion(one, service.Annotations[targetKey]))
		return together && slices.ContainsFunc(targets, func(deployment *appsv1.Deployment) bool {
			status, replicas := deployment.Status, *deployment.Spec.Replicas
			return status.Replicas != replicas || status.UpdatedReplicas != replicas || status.AvailableReplicas != replicas
		})
	})
}

// windowEnds reports whether the window of a Service ends within some time.
func (w *world) windowEnds(service *corev1.Service, within time.Duration) bool {
	last, _ := recordOf(service)
	window, _ := w.option(service, rollbackKey, w.objects)
	return !w.now.Add(within).Before(last.at.Add(window))
}

// checkBy returns the check that a Job is; nil if it is not bluegreen's.
func (w *world) checkBy(job *batchv1.Job) *check {
	i := slices.IndexFunc(w.ledger.checks, func(one *check) bool { return one.uid == job.UID })
	if i < 0 {
		return nil
	}
	return w.ledger.checks[i]
}

// learnJob remembers what a change of a Job means.
func (l *ledger) learnJob(w *world, change jobChange) {
	if change.by == ours && change.after != nil {
		l.checks = append(l.checks, w.checkOf(change))
		return
	}
	if change.before == nil {
		return // It is somebody's.
	}
	one := w.checkBy(change.before)
	switch {
	case one == nil:
	case change.after == nil:
		one.gone, one.ended = true, change.by == ours
	case one.result == "":
		one.result = map[bool]string{true: succeeded, false: failed}[change.after.Status.Conditions[0].Type == batchv1.JobComplete]
	}
}

// learnChecks remembers what a write of a Service means for its checks.
func (l *ledger) learnChecks(change serviceChange) {
	before, after := change.before, change.after
	if before == nil || after == nil || before.UID != after.UID {
		return
	}
	if was := sinceOf(before); was != "" && was != sinceOf(after) {
		l.attempts[after.UID]++
	}
	if before.Annotations[beforeKey] != after.Annotations[beforeKey] || before.Annotations[afterKey] != after.Annotations[afterKey] {
		l.wanted[after.UID]++
	}
	if before.Annotations[switchKey] != after.Annotations[switchKey] {
		delete(l.switched, after.UID)
	}
	for _, one := range l.checks {
		if _, found := recorded(after, one.job, one.uid); one.service == after.UID && (found || change.by != ours) {
			one.known = found
		}
	}
}

// sinceOf returns which attempt a Service records, without how it ended.
func sinceOf(service *corev1.Service) string {
	parts := strings.Split(service.Annotations[attemptKey], "/")
	return strings.Join(parts[:min(3, len(parts))], "/")
}
