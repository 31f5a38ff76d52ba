package bluegreen

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Check is a check of a version by a Job. The Job's name tells what is checked: of another ask, template, switch or Service it would be
// another one.
type Check struct {
	// CronJob is the name of the CronJob whose template the Job has, and Job the Job's own.
	CronJob, Job string

	// Version is what is checked, and Preview the name of a Service that selects it already; empty if there is none.
	Version, Preview string

	// Most is how long the Job may take; zero if its template alone says so.
	Most time.Duration
}

// LeastWindow is the shortest AutoRollback in which a check after the switch makes sense, and leastOfCheck the least time that it needs.
// With less, it would say nothing of the version.
const (
	LeastWindow  = time.Minute
	leastOfCheck = 20 * time.Second
)

// Before returns the check of the target of the ask that stands, as its Deployments are, those of followers too; false if none is asked
// for.
func (s Service) Before(target []*appsv1.Deployment, now time.Time) (Check, bool) {
	if s.CheckBefore == "" || !s.asksForSwitch() {
		return Check{}, false
	}
	attempt := s.Try(now)
	marks := []string{"before", s.CheckBefore, attempt.ask, instant(attempt.Since)}
	for _, deployment := range target {
		marks = append(marks, deployment.Name, string(deployment.UID), deployment.Annotations[revision])
	}
	return Check{CronJob: s.CheckBefore, Job: s.jobName(marks), Version: s.Target}, true
}

// After returns the check of what the last switch made live; false if none is asked for, or if the switch is not watched.
func (s Service) After() (Check, bool) {
	if s.CheckAfter == "" {
		return Check{}, false
	}
	last, _, watched := s.Window()
	if !watched {
		return Check{}, false
	}
	job := s.jobName([]string{"after", s.CheckAfter, last.From, last.To, instant(last.At)})
	return Check{CronJob: s.CheckAfter, Job: job, Version: last.To}, true
}

// Until returns the check with the time it may take if it starts now: until traffic could not return any more. False if that is too little.
func (c Check) Until(end, now time.Time) (Check, bool) {
	c.Most = end.Sub(now) - Patience
	return c, c.Most >= leastOfCheck
}

// TemplateKnown reports whether it is known which template a Deployment runs: kubectl replace takes away what says so, for a moment.
func TemplateKnown(deployment *appsv1.Deployment) bool { return deployment.Annotations[revision] != "" }

// jobName returns the name of the Job of a check. The names of its pods end with more, and are labels of at most 63 characters.
func (s Service) jobName(marks []string) string {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%q %q", s.UID, marks)
	return fmt.Sprintf("%s-check-%016x", strings.TrimRight(s.Name[:min(len(s.Name), 30)], "-"), hash.Sum64())
}

// CheckRecord is what became of a check so far. It is written JOB/UID, and JOB/UID/RESULT once there is one. ChecksKey holds those that
// matter, separated by commas.
type CheckRecord struct {
	// Job is the Job's name, and UID its own: once that is recorded, no other Job of that name counts.
	Job string
	UID types.UID

	Result CheckResult
}

// CheckResult is how a check ended: empty as long as it has not.
type CheckResult string

// Results.
const (
	// CheckSucceeded: the Job is complete.
	CheckSucceeded CheckResult = "Succeeded"

	// CheckFailed: the Job has failed.
	CheckFailed CheckResult = "Failed"

	// CheckLost: the Job was deleted before it ended.
	CheckLost CheckResult = "Lost"
)

// String returns the record.
func (r CheckRecord) String() string {
	record := r.Job + "/" + string(r.UID)
	if r.Result != "" {
		record += "/" + string(r.Result)
	}
	return record
}

// Unsuccessful reports whether the check has ended, and has not succeeded.
func (r CheckRecord) Unsuccessful() bool { return r.Result == CheckFailed || r.Result == CheckLost }

// CheckRecords reads the records of checks that a Service has; what is none is left out.
func CheckRecords(object *corev1.Service) []CheckRecord {
	var found []CheckRecord
	for entry := range strings.SplitSeq(object.Annotations[ChecksKey], ",") {
		parts := append(strings.Split(entry, "/"), "", "")
		record := CheckRecord{Job: parts[0], UID: types.UID(parts[1]), Result: CheckResult(parts[2])}
		known := slices.Contains([]CheckResult{"", CheckSucceeded, CheckFailed, CheckLost}, record.Result)
		if known && record.Job != "" && record.String() == entry {
			found = append(found, record)
		}
	}
	return found
}

// WriteChecks returns the annotation that has some records of checks; empty if there are none.
func WriteChecks(records []CheckRecord) string {
	entries := make([]string, 0, len(records))
	for _, record := range records {
		entries = append(entries, record.String())
	}
	return strings.Join(entries, ",")
}

// RecordOf returns the record of a check; false if there is none.
func (s Service) RecordOf(check Check) (CheckRecord, bool) {
	records := CheckRecords(s.Service)
	if i := slices.IndexFunc(records, check.Is); i >= 0 {
		return records[i], true
	}
	return CheckRecord{}, false
}

// Is reports whether a record is that of the check.
func (c Check) Is(record CheckRecord) bool { return record.Job == c.Job }

// ResultOf returns how a Job ended, and what it says of a failure. One that has failed may still have pods that end.
func ResultOf(job *batchv1.Job) (CheckResult, string) {
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			return CheckSucceeded, ""
		case batchv1.JobFailed, batchv1.JobFailureTarget:
			return CheckFailed, strings.TrimSpace(condition.Reason + ": " + condition.Message)
		}
	}
	return "", ""
}

// Checks reports whether a Job is one of bluegreen's that checks a version of the Service.
func (s Service) Checks(job *batchv1.Job) bool {
	return job.Labels[CheckOf] == s.Name && metav1.IsControlledBy(job, s.Service)
}
