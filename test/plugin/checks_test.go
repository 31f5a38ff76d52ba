package plugin

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

func TestStatusShowsTheJobThatChecksAVersion(t *testing.T) {
	s := open(t)
	s.create(smoke())
	s.annotate("bluegreen/pre-promotion-check", "smoke")
	s.deploy("1.11", true)
	deploys := s.start("deploy", "nginx", "1.11")
	s.untilPhase("Checking")
	job := s.check()
	status := blank(s.plugin("status", "nginx").Must(t).Stdout)
	for _, want := range []string{
		"Next: traffic moves to version 1.11 once its check by Job " + job.Name + " has succeeded\n",
		"└─ Job " + job.Name + " check of 1.11 0/1 Running AGE\nkubectl logs job/" + job.Name + " -n NAMESPACE\n",
	} {
		if !strings.Contains(status, s.in(want)) {
			t.Errorf("%s\nis missing in\n%s", s.in(want), status)
		}
	}

	withStatus(s, PodOf(job, 1))
	deploys.says(&deploys.stdout, s.in("Pod "+job.Name+"-a: Error: container curl ended with exit code 1 (Error) (kubectl logs "+
		job.Name+"-a -c curl -n NAMESPACE)\n"))
	base := job.DeepCopy()
	job.Status.StartTime = new(metav1.Now())
	job = Ended(job, "BackoffLimitExceeded", "too often", batchv1.JobFailureTarget, batchv1.JobFailed)
	if err := admin.Status().Patch(t.Context(), job, client.MergeFrom(base)); err != nil {
		t.Fatal(err)
	}
	output := deploys.end()
	want := "error: service/nginx has phase Failed: Version 1.11 failed its check before the switch (Job " + job.Name
	if output.Err == nil || !strings.Contains(output.Stderr, want) {
		t.Errorf("%v\n%s", output.Err, output.Stderr)
	}
	want = s.in("└─ Job " + job.Name + " check of 1.11 0/1 Failed AGE\n│ BackoffLimitExceeded: too often\n" +
		"│ kubectl logs job/" + job.Name + " -n NAMESPACE\n└─ Pod " + job.Name + "-a 0/1 Error 0 AGE\n")
	if status := blank(s.plugin("status", "nginx").Must(t).Stdout); !strings.Contains(status, want) {
		t.Errorf("%s\nis missing in\n%s", want, status)
	}
}

// check returns the Job that checks a version, once the phase says that there is one.
func (s *shop) check() *batchv1.Job {
	s.t.Helper()
	s.until("a Job", func(service *corev1.Service) bool { return service.Annotations["bluegreen/checks"] != "" })
	var jobs batchv1.JobList
	if err := admin.List(s.t.Context(), &jobs, client.InNamespace(s.namespace)); err != nil || len(jobs.Items) != 1 {
		s.t.Fatalf("%d Jobs (%v)", len(jobs.Items), err)
	}
	return &jobs.Items[0]
}

// smoke is a CronJob of whose template checks are made.
func smoke() *batchv1.CronJob {
	made := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: "smoke"}}
	made.Spec.Schedule, made.Spec.Suspend = "0 0 1 1 *", new(true)
	made.Spec.JobTemplate.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	made.Spec.JobTemplate.Spec.Template.Spec.Containers = []corev1.Container{{Name: "curl", Image: "curl"}}
	return made
}
