package manifests

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	withChecks = "--set=checks.enabled=true"

	// runner may write Services, and create Jobs.
	runner = "runner"

	mayNotCheck = "only who may create them sets these: verb create, resource jobs.batch"
	notItsJob   = "bluegreen creates and deletes no Jobs but those that check a version of a Service"
)

// checkWrites are writes by somebody who may write Services, but create no Jobs.
var checkWrites = map[string]lentWrite{
	"a check":                          {changes{managed}, changes{checkedBy("smoke")}, mayNotCheck},
	"one after the switch":             {changes{managed}, changes{annotate("bluegreen/post-promotion-check", "smoke")}, mayNotCheck},
	"another one":                      {changes{managed, checkedBy("smoke")}, changes{checkedBy("thorough")}, mayNotCheck},
	"on a Service that is not managed": {nil, changes{checkedBy("smoke")}, mayNotCheck},
	"with an adoption":                 {nil, changes{managed, checkedBy("smoke")}, mayNotCheck},
	"stored, and an adoption":          {changes{checkedBy("smoke")}, changes{managed}, mayNotCheck},
	"stored, and an ask":               {changes{managed, checkedBy("smoke")}, changes{asked11}, ""},
	"stored, and labels and ports":     {changes{managed, checkedBy("smoke")}, changes{labelled, onPort}, ""},
	"stored, and given back":           {changes{managed, checkedBy("smoke")}, changes{givenBack}, ""},
	"removed":                          {changes{managed, checkedBy("smoke")}, changes{unannotate("bluegreen/pre-promotion-check")}, ""},
	"none":                             {changes{managed}, changes{asked11}, ""},
}

// TestChecksAreForThoseWhoMayCreateJobs: bluegreen lends nobody its right to do so.
func TestChecksAreForThoseWhoMayCreateJobs(t *testing.T) {
	lentRight{
		right:     rbacv1.PolicyRule{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"create"}},
		user:      runner,
		namespace: "checks",
		policy:    "bluegreen-checks",
		values:    []string{withChecks},
		asks:      checkedBy("smoke"),
		refusal:   mayNotCheck,
		sentence: `services "sentence" is forbidden: ValidatingAdmissionPolicy 'bluegreen-checks' with ` +
			`binding 'bluegreen-checks' denied request: Service checks/sentence: annotations bluegreen/pre-promotion-check and ` +
			`bluegreen/post-promotion-check run Jobs, so only who may create them sets these: verb create, resource jobs.batch, in namespace checks`,
		writes: checkWrites,
	}.check(t)
}

// TestOwnJobWrites of bluegreen touch nothing but the Jobs that check a version, whoever has its token.
func TestOwnJobWrites(t *testing.T) {
	admin, bluegreen := as(t, somebody), as(t, controller)
	ns := newNamespace(t, admin, "job-writes")
	refuses := func() bool { return bluegreen.Create(t.Context(), job(ns, "probe"), client.DryRunAll) != nil }
	installPolicyAlone(t, admin, template(t, withChecks), "bluegreen-own-job-writes", refuses)
	for name, test := range map[string]struct {
		job     *batchv1.Job
		refusal string
	}{
		"a-check":            {job(ns, "a-check", checks, ofService), ""},
		"no-label":           {job(ns, "no-label", ofService), notItsJob},
		"no-owner":           {job(ns, "no-owner", checks), notItsJob},
		"of-another-service": {job(ns, "of-another-service", checks, ofService, of("Service", "other", true)), notItsJob},
		"of-a-deployment":    {job(ns, "of-a-deployment", checks, of("Deployment", "nginx", true)), notItsJob},
		"not-controlled":     {job(ns, "not-controlled", checks, of("Service", "nginx", false)), notItsJob},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, bluegreen.Create(t.Context(), test.job.DeepCopy(), client.DryRunAll), test.refusal)
			if err := admin.Create(t.Context(), test.job.DeepCopy()); err != nil {
				t.Fatal(err)
			}
			checkRefusal(t, bluegreen.Delete(t.Context(), test.job, client.DryRunAll), test.refusal)
			checkRefusal(t, admin.Delete(t.Context(), test.job, client.DryRunAll), "")
		})
	}
}

func checkedBy(cronJob string) change { return annotate("bluegreen/pre-promotion-check", cronJob) }

// job is a Job that runs nothing.
func job(ns, name string, changes ...func(*batchv1.Job)) *batchv1.Job {
	built := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
	built.Spec.Suspend = new(true)
	built.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	built.Spec.Template.Spec.Containers = []corev1.Container{{Name: "curl", Image: "curl"}}
	for _, change := range changes {
		change(built)
	}
	return built
}

func checks(job *batchv1.Job) { job.Labels = map[string]string{"bluegreen/check-of": "nginx"} }

var ofService = of("Service", "nginx", true)

// of makes an object the owner of a Job, in place of the one before.
func of(kind, name string, controls bool) func(*batchv1.Job) {
	version := map[string]string{"Service": "v1", "Deployment": "apps/v1"}[kind]
	return func(job *batchv1.Job) {
		job.OwnerReferences = []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: name, UID: "7", Controller: &controls}}
	}
}
