package random

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The CronJobs of whose templates checks are made, before a switch and after it. Their images tell them apart.
const smoke, probe = "smoke", "probe"

// checkedJob is a Job that the test let end.
type checkedJob struct {
	// service is the Service that it is of, and version what it has checked, with the template of which CronJob.
	service          types.UID
	version, cronJob string

	// at is the resourceVersion of its end.
	at        int64
	succeeded bool
}

// cronJob returns a CronJob that never runs by itself.
func cronJob(namespace, name string) *batchv1.CronJob {
	made := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	made.Spec.Schedule, made.Spec.Suspend = "0 0 1 1 *", new(true)
	made.Spec.JobTemplate.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	made.Spec.JobTemplate.Spec.Template.Spec.Containers = []corev1.Container{{Name: "curl", Image: name}}
	return made
}

// unchecked reports whether a Service waits for a check of what it asks for, ready or not.
func unchecked(s *corev1.Service) bool {
	_, asks := s.Annotations[checkKey]
	return pending(s) && asks
}

// succeeded reports whether a check of what a Service asks for succeeded before a write.
func (c *checker) succeeded(s *corev1.Service, written int64) bool {
	_, target := wanted(s)
	return slices.ContainsFunc(c.checked, func(job checkedJob) bool {
		return job.service == s.UID && job.version == target && job.cronJob == smoke && job.at < written && job.succeeded
	})
}

// failedLive reports whether a check of what is live in a Service failed before a write.
func (c *checker) failedLive(s *corev1.Service, written int64) bool {
	return slices.ContainsFunc(c.checked, func(job checkedJob) bool {
		live := s.Spec.Selector[selectorKey(s)]
		return job.service == s.UID && job.version == live && job.cronJob == probe && job.at < written && !job.succeeded
	})
}

// endJobs lets every Job end that checks a version: mostly well, sometimes not, and now and then somebody deletes it.
func (w *world) endJobs() {
	w.t.Helper()
	for _, namespace := range w.checker.namespaces {
		var jobs batchv1.JobList
		if err := w.client.List(w.t.Context(), &jobs, client.InNamespace(namespace), client.HasLabels{"bluegreen/check-of"}); err != nil {
			w.t.Fatal(err)
		}
		for i := range jobs.Items {
			if job := &jobs.Items[i]; len(job.Status.Conditions) == 0 && job.DeletionTimestamp == nil {
				w.endJob(job, w.dice.IntN(20))
			}
		}
	}
}

// endJob ends a Job by the throw of a die: below 14 it succeeds, below 19 it fails, else it is deleted.
func (w *world) endJob(job *batchv1.Job, thrown int) {
	w.t.Helper()
	before := job.DeepCopy()
	switch {
	case thrown < 14:
		w.checker.stats["checks that succeeded"]++
		job.Status.Conditions = conditions(batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
		job.Status.CompletionTime = new(metav1.Now())
	case thrown < 19:
		w.checker.stats["checks that failed"]++
		job.Status.Conditions = conditions(batchv1.JobFailureTarget, batchv1.JobFailed)
	default:
		w.checker.stats["checks that were deleted"]++
		background := client.PropagationPolicy(metav1.DeletePropagationBackground)
		if err := w.client.Delete(w.t.Context(), job, background); client.IgnoreNotFound(err) != nil {
			w.t.Fatal(err)
		}
		return
	}
	job.Status.StartTime = new(metav1.NewTime(time.Now().Add(-time.Second)))
	if err := w.client.Status().Patch(w.t.Context(), job, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	} else if err == nil {
		w.noteChecked(job, thrown < 14)
	}
}

// noteChecked notes that a Job has ended. Its environment says which version it has checked.
func (w *world) noteChecked(job *batchv1.Job, succeeded bool) {
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	container := job.Spec.Template.Spec.Containers[0]
	for _, variable := range container.Env {
		if variable.Name == "BLUEGREEN_VERSION" {
			w.checker.checked = append(w.checker.checked,
				checkedJob{metav1.GetControllerOf(job).UID, variable.Value, container.Image, revision(job), succeeded})
		}
	}
}

// conditions are those of a Job that has ended.
func conditions(kinds ...batchv1.JobConditionType) []batchv1.JobCondition {
	var all []batchv1.JobCondition
	for _, kind := range kinds {
		all = append(all, batchv1.JobCondition{Type: kind, Status: corev1.ConditionTrue})
	}
	return all
}
