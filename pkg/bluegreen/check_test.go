package bluegreen_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

var checkedAt = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

// TestTheNameOfACheckTellsWhatItChecks: what was checked for one ask and template says nothing of another one.
func TestTheNameOfACheckTellsWhatItChecks(t *testing.T) {
	name := func(deployment *appsv1.Deployment, at time.Time, options ...ServiceOption) string {
		options = append([]ServiceOption{Asks("1.11"), Annotation(bluegreen.PrePromotionCheck, "smoke")}, options...)
		check, asked := bluegreen.Read(Managed(options...)).Before([]*appsv1.Deployment{deployment}, at)
		if !asked {
			t.Fatal("no check")
		}
		return check.Job
	}
	green := Deployment("1.11", Revision("1"))
	first := name(green, checkedAt)
	if !strings.HasPrefix(first, "nginx-check-") || len(first) != len("nginx-check-")+16 {
		t.Errorf("got %q", first)
	}
	for what, same := range map[string]string{
		"asked once more":        name(green, checkedAt),
		"scaled":                 name(Deployment("1.11", Revision("1"), Replicas(9)), checkedAt),
		"a fraction of a second": name(green, checkedAt.Add(time.Millisecond)),
	} {
		if same != first {
			t.Errorf("%s: %s, before %s", what, same, first)
		}
	}
	for what, other := range map[string]string{
		"another Service":    name(green, checkedAt, uid),
		"another version":    name(green, checkedAt, Asks("1.12")),
		"a retry":            name(green, checkedAt, Annotation(bluegreen.Retry, "2")),
		"another CronJob":    name(green, checkedAt, Annotation(bluegreen.PrePromotionCheck, "thorough")),
		"another template":   name(Deployment("1.11", Revision("2")), checkedAt),
		"created anew":       name(Deployment("1.11", Revision("1"), func(d *appsv1.Deployment) { d.UID = "9" }), checkedAt),
		"another Deployment": name(Deployment("1.11", Revision("1"), func(d *appsv1.Deployment) { d.Name = "other" }), checkedAt),
		"a later ask":        name(green, checkedAt.Add(time.Second)),
	} {
		if other == first {
			t.Errorf("%s: the same name", what)
		}
	}
}

func TestTheNameOfACheckFitsIntoALabel(t *testing.T) {
	service := Managed(Asks("1.11"), Annotation(bluegreen.PrePromotionCheck, "smoke"), NamedService(strings.Repeat("n", 29)+"-"+
		strings.Repeat("n", 33)))
	check, _ := bluegreen.Read(service).Before(nil, checkedAt)
	if want := strings.Repeat("n", 29) + "-check-"; !strings.HasPrefix(check.Job, want) || len(check.Job) > 53 {
		t.Errorf("got %q", check.Job)
	}
}

func TestACheckThatNobodyAsksForIsNone(t *testing.T) {
	smoke := Annotation(bluegreen.PrePromotionCheck, "smoke")
	for what, service := range map[string]*corev1.Service{
		"at rest":            Managed(smoke),
		"not managed":        Service(smoke),
		"no annotation":      Managed(Asks("1.11")),
		"an invalid ask":     Managed(Asks(""), smoke),
		"an invalid option":  Managed(Asks("1.11"), smoke, Annotation(bluegreen.Ready, "soon")),
		"a led Service":      Follower(smoke),
		"an invalid CronJob": Managed(Asks("1.11"), Annotation(bluegreen.PrePromotionCheck, "?")),
	} {
		if check, asked := bluegreen.Read(service).Before(nil, checkedAt); asked {
			t.Errorf("%s: %+v", what, check)
		}
	}
}

func TestRecordsOfChecks(t *testing.T) {
	check := bluegreen.Check{Job: "nginx-check-1"}
	for record, want := range map[string]bluegreen.CheckRecord{
		"nginx-check-1/7":                                  {Job: "nginx-check-1", UID: "7"},
		"nginx-check-1/7/Succeeded":                        {Job: "nginx-check-1", UID: "7", Result: bluegreen.CheckSucceeded},
		"nginx-check-2/8/Succeeded,nginx-check-1/7/Failed": {Job: "nginx-check-1", UID: "7", Result: bluegreen.CheckFailed},
		"nginx-check-1/7/Lost,nginx-check-2/8":             {Job: "nginx-check-1", UID: "7", Result: bluegreen.CheckLost},
		"":                                                 {},
		"nginx-check-1":                                    {},
		"nginx-check-1/7/Passed":                           {},
		"nginx-check-1/7/Succeeded/again":                  {},
		"nginx-check-11/7/Succeeded,x,/,//,nginx-check-2/1/2": {},
	} {
		got, found := bluegreen.Read(Managed(Annotation(bluegreen.ChecksKey, record))).RecordOf(check)
		if got != want || found != (want.Job != "") {
			t.Errorf("%q: got %+v, %t", record, got, found)
		}
		if found && !strings.Contains(record, got.String()) {
			t.Errorf("%q: written %q", record, got)
		}
	}
}

func TestTheResultOfAJob(t *testing.T) {
	job := func(conditions ...batchv1.JobCondition) *batchv1.Job {
		return &batchv1.Job{Status: batchv1.JobStatus{Conditions: conditions}}
	}
	holds := func(kind batchv1.JobConditionType, status corev1.ConditionStatus) batchv1.JobCondition {
		return batchv1.JobCondition{Type: kind, Status: status, Reason: "DeadlineExceeded", Message: "too long"}
	}
	type result struct {
		how bluegreen.CheckResult
		why string
	}
	for what, test := range map[string]struct {
		job  *batchv1.Job
		want result
	}{
		"running":               {job(), result{}},
		"suspended":             {job(holds(batchv1.JobSuspended, "True")), result{}},
		"its pods still end":    {job(holds(batchv1.JobSuccessCriteriaMet, "True")), result{}},
		"complete":              {job(holds(batchv1.JobComplete, "True")), result{bluegreen.CheckSucceeded, ""}},
		"not complete":          {job(holds(batchv1.JobComplete, "False")), result{}},
		"failed":                {job(holds(batchv1.JobFailed, "True")), result{bluegreen.CheckFailed, "DeadlineExceeded: too long"}},
		"failed, its pods end":  {job(holds(batchv1.JobFailureTarget, "True")), result{bluegreen.CheckFailed, "DeadlineExceeded: too long"}},
		"complete, once it met": {job(holds(batchv1.JobSuccessCriteriaMet, "True"), holds(batchv1.JobComplete, "True")), result{"Succeeded", ""}},
	} {
		how, why := bluegreen.ResultOf(test.job)
		if (result{how, why}) != test.want {
			t.Errorf("%s: got %q, %q", what, how, why)
		}
	}
}

// smoke is a CronJob.
func smoke(change func(*batchv1.JobTemplateSpec)) *batchv1.CronJob {
	built := &batchv1.CronJob{}
	template := &built.Spec.JobTemplate
	template.Labels = map[string]string{"team": "shop"}
	template.Spec.Template.Labels = map[string]string{"app": "smoke"}
	template.Spec.Template.Spec.Containers = []corev1.Container{{Name: "curl", Image: "curl"}}
	if change != nil {
		change(template)
	}
	return built
}

func TestTheJobOfACheck(t *testing.T) {
	service := Managed(uid)
	check := bluegreen.Check{CronJob: "smoke", Job: "nginx-check-1", Version: "1.11", Preview: "nginx-preview"}
	cronJob := smoke(func(template *batchv1.JobTemplateSpec) {
		template.Annotations = map[string]string{"example.org/a": "b"}
		template.Spec.Suspend = new(true)
		template.Spec.TTLSecondsAfterFinished = new(int32(1))
		template.Spec.Template.Spec.InitContainers = []corev1.Container{{Name: "waits"}}
		template.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{
			{Name: "URL", Value: "http://$(BLUEGREEN_PREVIEW)"},
			{Name: "BLUEGREEN_VERSION", Value: "forged"},
		}
	})
	before := cronJob.DeepCopy()
	job := check.JobOf(service, cronJob)
	if !reflect.DeepEqual(cronJob, before) {
		t.Error("the CronJob was changed")
	}
	EqualMaps(t, "labels", job.Labels, map[string]string{"team": "shop", "bluegreen/check-of": "nginx"})
	EqualMaps(t, "annotations", job.Annotations, map[string]string{"example.org/a": "b", "cronjob.kubernetes.io/instantiate": "manual"})
	EqualMaps(t, "labels of the pods", job.Spec.Template.Labels, map[string]string{"app": "smoke"})
	if job.Namespace != "shop" || job.Name != "nginx-check-1" || !bluegreen.Read(service).Checks(job) || len(job.OwnerReferences) != 1 ||
		job.OwnerReferences[0].BlockOwnerDeletion != nil {
		t.Errorf("got %+v", job.ObjectMeta)
	}
	if job.Spec.Suspend != nil || job.Spec.TTLSecondsAfterFinished != nil || *job.Spec.BackoffLimit != 0 {
		t.Errorf("got %+v", job.Spec)
	}
	ours := []corev1.EnvVar{{Name: "BLUEGREEN_SERVICE", Value: "nginx"}, {Name: "BLUEGREEN_VERSION", Value: "1.11"},
		{Name: "BLUEGREEN_PREVIEW", Value: "nginx-preview"}}
	pod := job.Spec.Template.Spec
	if !reflect.DeepEqual(pod.InitContainers[0].Env, ours) ||
		!reflect.DeepEqual(pod.Containers[0].Env, append(ours, corev1.EnvVar{Name: "URL", Value: "http://$(BLUEGREEN_PREVIEW)"})) {
		t.Errorf("got %+v", pod)
	}
}

func TestHowLongAndHowOftenTheJobOfACheckRuns(t *testing.T) {
	limits := func(seconds int64, retries int32) *batchv1.CronJob {
		return smoke(func(template *batchv1.JobTemplateSpec) {
			template.Spec.ActiveDeadlineSeconds, template.Spec.BackoffLimit = &seconds, &retries
		})
	}
	for what, test := range map[string]struct {
		cronJob *batchv1.CronJob
		most    time.Duration
		seconds int64
		retries int32
	}{
		"before the switch":                       {smoke(nil), 0, 3600, 0},
		"before the switch, as its template says": {limits(7200, 3), 0, 7200, 3},
		"after the switch":                        {smoke(nil), 590 * time.Second, 590, 0},
		"after the switch, less by its template":  {limits(60, 0), 590 * time.Second, 60, 0},
		"after the switch, more by its template":  {limits(7200, 0), 590 * time.Second, 590, 0},
	} {
		job := bluegreen.Check{Most: test.most}.JobOf(Managed(), test.cronJob)
		if *job.Spec.ActiveDeadlineSeconds != test.seconds || *job.Spec.BackoffLimit != test.retries {
			t.Errorf("%s: %d s, %d retries", what, *job.Spec.ActiveDeadlineSeconds, *job.Spec.BackoffLimit)
		}
	}
}

func TestACheckAfterTheSwitchNeedsSomeTime(t *testing.T) {
	end := checkedAt.Add(10 * time.Minute)
	for left, want := range map[time.Duration]time.Duration{
		10 * time.Minute: 590 * time.Second,
		30 * time.Second: 20 * time.Second,
		29 * time.Second: 0,
		-time.Minute:     0,
	} {
		check, inTime := bluegreen.Check{}.Until(end, end.Add(-left))
		if inTime != (want > 0) || inTime && check.Most != want {
			t.Errorf("%s before the end: %s, %t", left, check.Most, inTime)
		}
	}
}

// TestAPodThatANodeLosesSaysNothingOfTheVersion, unless the template has another policy. Retries for each index stay, too.
func TestAPodThatANodeLosesSaysNothingOfTheVersion(t *testing.T) {
	theirs := &batchv1.PodFailurePolicy{}
	for what, test := range map[string]struct {
		change  func(*batchv1.JobTemplateSpec)
		rules   int
		backoff bool
	}{
		"never restarted": {func(j *batchv1.JobTemplateSpec) { j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever }, 1, true},
		"restarted":       {func(j *batchv1.JobTemplateSpec) { j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyOnFailure }, 0, true},
		"theirs": {func(j *batchv1.JobTemplateSpec) {
			j.Spec.Template.Spec.RestartPolicy, j.Spec.PodFailurePolicy = corev1.RestartPolicyNever, theirs
		}, 0, true},
		"by index": {func(j *batchv1.JobTemplateSpec) { j.Spec.BackoffLimitPerIndex = new(int32(2)) }, 0, false},
	} {
		job := bluegreen.Check{}.JobOf(Managed(), smoke(test.change))
		rules := 0
		if job.Spec.PodFailurePolicy != nil {
			rules = len(job.Spec.PodFailurePolicy.Rules)
		}
		if rules != test.rules || (job.Spec.BackoffLimit != nil) != test.backoff {
			t.Errorf("%s: %d rules, %+v", what, rules, job.Spec)
		}
	}
}

func TestPodsOfAJobThatAServiceWouldSelect(t *testing.T) {
	for what, test := range map[string]struct {
		pods   map[string]string
		nobody bool
	}{
		"on the live version":  {pods: PodsOf("1.10")},
		"on the target":        {pods: PodsOf("1.11")},
		"on any other version": {pods: PodsOf("2.0")},
		"on no version":        {pods: map[string]string{"name": "nginx"}, nobody: true},
		"others":               {pods: map[string]string{"name": "smoke", "version": "1.11"}, nobody: true},
		"none":                 {nobody: true},
	} {
		job := &batchv1.Job{}
		job.Spec.Template.Labels = test.pods
		services := []bluegreen.Service{bluegreen.Read(Managed(Asks("1.11")))}
		if got := bluegreen.Endpoints(services, job); (got == "") != test.nobody || got != "" && !strings.Contains(got, "Service nginx ") {
			t.Errorf("%s: got %q", what, got)
		}
	}
	adopted := bluegreen.Read(Managed(Selects("name", "nginx")))
	job := &batchv1.Job{}
	job.Spec.Template.Labels = map[string]string{"name": "nginx"}
	if bluegreen.Endpoints([]bluegreen.Service{adopted}, job) == "" {
		t.Error("a selector without a version")
	}
	if got := bluegreen.Endpoints([]bluegreen.Service{bluegreen.Read(Service(Selects("name", "nginx")))}, job); got != "" {
		t.Errorf("a Service that is not managed: %q", got)
	}
}
