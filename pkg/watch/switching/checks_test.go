package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// askingForACheck is the Service whose target, which is ready, is to be checked.
func askingForACheck() *corev1.Service {
	service := Asking(Green)
	service.Annotations[bluegreen.PrePromotionCheck] = "smoke"
	return service
}

// rolledOut is the Deployment of green, all of whose pods are of its template, which is known.
func rolledOut() *appsv1.Deployment {
	return Changed(Ready("nginx-1.11"), func(d *appsv1.Deployment) {
		d.Annotations = map[string]string{"deployment.kubernetes.io/revision": "1"}
		d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 3, 3, 3
	})
}

// smoke is the CronJob of whose template checks are made.
func smoke(podLabels map[string]string) *batchv1.CronJob {
	built := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "smoke"}}
	built.Spec.JobTemplate.Spec.Template.Labels = podLabels
	built.Spec.JobTemplate.Spec.Template.Spec.Containers = []corev1.Container{{Name: "curl", Image: "curl"}}
	return built
}

// looks lets a controller that may run Jobs look at the Service, and returns after how long it looks again, and the Events.
func looks(server *APIServer) (again time.Duration, said []string, err error) {
	server.T.Helper()
	result, err := newController(server, setup{checks: true}).Reconcile(server.T.Context(), server.ServiceInCache())
	return result.RequeueAfter, server.Said(), err
}

// starts lets a check start, and its Job be recorded.
func starts(server *APIServer) {
	server.T.Helper()
	for range 2 {
		if _, _, err := looks(server); err != nil {
			server.T.Fatal(err)
		}
	}
}

// checkedAfter is a server on which a switch was made a minute ago, whose check has started.
func checkedAfter(t *testing.T) *APIServer {
	t.Helper()
	service := onGreen(time.Minute)
	service.Annotations[bluegreen.PostPromotionCheck] = "smoke"
	server := NewAPIServer(t, service, InUse(Blue), InUse(Green), smoke(nil))
	starts(server)
	return server
}

func TestACheckStartsAndTrafficWaitsForIt(t *testing.T) {
	server := NewAPIServer(t, askingForACheck(), rolledOut(), smoke(nil))
	if _, said, err := looks(server); err != nil || len(said) != 2 || !strings.HasPrefix(said[1], "Normal CheckStarted Job nginx-check-") {
		t.Fatalf("said %q, %v", said, err)
	}
	expectTraffic(server, Blue, "Checking")
	jobs := server.Jobs()
	if len(jobs) != 1 || jobs[0].Spec.Template.Spec.Containers[0].Env[1] != (corev1.EnvVar{Name: "BLUEGREEN_VERSION", Value: Green}) {
		t.Fatalf("got %+v", jobs)
	}
	if _, _, err := looks(server); err != nil {
		t.Fatal(err)
	}
	if record := server.Service().Annotations[bluegreen.ChecksKey]; record != jobs[0].Name+"/3" {
		t.Errorf("recorded %q", record)
	}
	ends(server, batchv1.JobComplete)
	if _, _, err := looks(server); err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Green, "Stable")
}

// ends lets the Job of a server end.
func ends(server *APIServer, how batchv1.JobConditionType) {
	server.T.Helper()
	job := server.Jobs()[0]
	job.Status.Conditions = []batchv1.JobCondition{{Type: how, Status: corev1.ConditionTrue}}
	if err := server.Status().Update(server.T.Context(), &job); err != nil {
		server.T.Fatal(err)
	}
}

// TestACheckStartsOnce, also if the cache does not know its Job yet.
func TestACheckStartsOnce(t *testing.T) {
	server := NewAPIServer(t, askingForACheck(), rolledOut(), smoke(nil))
	server.CacheHolds(rolledOut())
	for range 3 {
		if _, _, err := looks(server); err != nil {
			t.Fatal(err)
		}
	}
	expectTraffic(server, Blue, "Checking")
	if jobs := server.Jobs(); len(jobs) != 1 || len(server.Patches) != 1 {
		t.Errorf("got %+v, patches %q", jobs, server.Patches)
	}
}

func TestWhyACheckCannotStartIsToldAndLookedAtAgain(t *testing.T) {
	foreign := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "shop"}}
	check, _ := bluegreen.Read(askingForACheck()).Before([]*appsv1.Deployment{rolledOut()}, now)
	foreign.Name = check.Job
	for name, test := range map[string]struct {
		stored  []client.Object
		refusal error
		message string
	}{
		"no CronJob": {
			message: "CronJob smoke does not exist: create it",
		},
		"its pods would get traffic": {
			stored:  []client.Object{smoke(PodsOf(Green))},
			message: "Service nginx would send traffic to its pods: take out of their labels what that Service selects",
		},
		"somebody's Job has its name": {
			stored:  []client.Object{smoke(nil), foreign},
			message: "Job " + foreign.Name + " exists, and is not bluegreen's: delete it",
		},
		"the API server refuses it": {
			stored:  []client.Object{smoke(nil)},
			refusal: apierrors.NewForbidden(batchv1.Resource("jobs"), "x", errors.New("exceeded quota: jobs")),
			message: "exceeded quota: jobs",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, append(test.stored, askingForACheck(), rolledOut())...)
			server.RefusalOfJobs = test.refusal
			again, said, err := looks(server)
			if err != nil || again != 15*time.Second {
				t.Fatalf("looks again after %s, %v", again, err)
			}
			ExpectOneEvent(t, said, "Warning NotChecked", "its check by CronJob smoke cannot start: ", test.message)
			expectTraffic(server, Blue, "Checking")
			if message := server.Service().Annotations[bluegreen.MessageKey]; !strings.Contains(message, test.message) {
				t.Errorf("got %q", message)
			}
		})
	}
}

// TestAJobThatTheCacheDoesNotKnowIsNotLost: a leader that has just begun may see the record before the Job.
func TestAJobThatTheCacheDoesNotKnowIsNotLost(t *testing.T) {
	server := NewAPIServer(t, askingForACheck(), rolledOut(), smoke(nil))
	starts(server)
	server.CacheHolds(rolledOut())
	if _, _, err := looks(server); err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Blue, "Checking")
	if err := server.Delete(t.Context(), &server.Jobs()[0]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := looks(server); err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Blue, "Failed")
}

// TestAJobIsNotEndedByWhatACacheDoesNotKnow: a leader that has just begun may see the Job before the ask, or before its Deployment.
func TestAJobIsNotEndedByWhatACacheDoesNotKnow(t *testing.T) {
	for name, behind := range map[string]func(*APIServer) *corev1.Service{
		"the ask": func(server *APIServer) *corev1.Service {
			seen := server.ServiceInCache()
			seen.Annotations = map[string]string{bluegreen.TargetVersion: Blue, bluegreen.PhaseKey: "Stable"}
			seen.ResourceVersion = "1"
			return seen
		},
		"its Deployment": func(server *APIServer) *corev1.Service {
			server.CacheHolds(server.JobsInCache()...)
			return server.ServiceInCache()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, askingForACheck(), rolledOut(), smoke(nil))
			starts(server)
			if _, err := reconcileService(server, newController(server, setup{checks: true}), behind(server)); err != nil {
				t.Fatal(err)
			}
			if len(server.Jobs()) != 1 {
				t.Error("the Job is gone")
			}
			expectTraffic(server, Blue, "Checking")
		})
	}
}

// TestALossAfterTheSwitchIsRecordedByWhatTheAPIServerKnows: otherwise the failure that comes would count for nothing.
func TestALossAfterTheSwitchIsRecordedByWhatTheAPIServerKnows(t *testing.T) {
	server := checkedAfter(t)
	server.CacheHolds(InUse(Blue), InUse(Green))
	if _, _, err := looks(server); err != nil {
		t.Fatal(err)
	}
	if record := server.Service().Annotations[bluegreen.ChecksKey]; strings.Contains(record, "Lost") {
		t.Errorf("recorded %q", record)
	}
}

// TestACheckOfAnAskThatIsWithdrawnDoesNotStart, though the cache still shows it.
func TestACheckOfAnAskThatIsWithdrawnDoesNotStart(t *testing.T) {
	server := NewAPIServer(t, askingForACheck(), rolledOut(), smoke(nil))
	if _, err := reconcileService(server, newController(server, setup{checks: true}), server.ServiceInCache()); err != nil {
		t.Fatal(err)
	}
	if err := server.Delete(t.Context(), &server.Jobs()[0]); err != nil {
		t.Fatal(err)
	}
	seen := server.ServiceInCache()
	withdrawn := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"bluegreen/target-version":"1.10"}}}`))
	if err := server.Patch(t.Context(), server.Service(), withdrawn); err != nil {
		t.Fatal(err)
	}
	if _, err := reconcileService(server, newController(server, setup{checks: true}), seen); err != nil || len(server.Jobs()) > 0 {
		t.Errorf("%v, %+v", err, server.Jobs())
	}
}

func TestACheckWaitsForThePreview(t *testing.T) {
	preview := Nginx()
	preview.Name, preview.UID = "nginx-preview", "4"
	preview.Annotations[bluegreen.PreviewOf] = "nginx"
	server := NewAPIServer(t, askingForACheck(), rolledOut(), smoke(nil), preview)
	if _, _, err := looks(server); err != nil || len(server.Jobs()) > 0 {
		t.Fatalf("%v, %+v", err, server.Jobs())
	}
	moved := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"selector":{"version":"1.11"}}}`))
	if err := server.Patch(t.Context(), preview, moved); err != nil {
		t.Fatal(err)
	}
	if _, _, err := looks(server); err != nil {
		t.Fatal(err)
	}
	jobs := server.Jobs()
	told := corev1.EnvVar{Name: "BLUEGREEN_PREVIEW", Value: "nginx-preview"}
	if len(jobs) != 1 || jobs[0].Spec.Template.Spec.Containers[0].Env[2] != told {
		t.Errorf("got %+v", jobs)
	}
}

func TestACronJobThatCannotBeReadIsAnErrorAndStartsNothing(t *testing.T) {
	server := NewAPIServer(t, askingForACheck(), rolledOut())
	failure := errors.New("no route")
	controller := newController(server, setup{checks: true, apiReader: failingReader{server, failure}})
	said, err := reconcileService(server, controller, server.ServiceInCache())
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), "reading CronJob smoke") {
		t.Errorf("got %v", err)
	}
	expectNothingSaidOrSent(server, said)
}

// TestAFailedCheckAfterTheSwitchReturnsTraffic by what the API server knows.
func TestAFailedCheckAfterTheSwitchReturnsTraffic(t *testing.T) {
	server := checkedAfter(t)
	expectTraffic(server, Green, "Stable")
	if seconds := *server.Jobs()[0].Spec.ActiveDeadlineSeconds; seconds != 530 {
		t.Errorf("the Job may take %d s", seconds)
	}
	ends(server, batchv1.JobFailed)
	if _, _, err := looks(server); err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Blue, "RolledBack")
}

var _ client.Reader = failingLister{}

// failingLister is an API server that does not list Jobs.
type failingLister struct {
	client.Reader
	err error
}

func (f failingLister) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return f.err
}

func TestJobsThatCannotBeListedGiveNothingUp(t *testing.T) {
	service := askingForACheck()
	service.Annotations[bluegreen.AttemptKey] = bluegreen.Read(service).Try(now).String()
	check, _ := bluegreen.Read(service).Before([]*appsv1.Deployment{rolledOut()}, now)
	service.Annotations[bluegreen.ChecksKey] = check.Job + "/3"
	server := NewAPIServer(t, service, rolledOut())
	failure := errors.New("no route")
	controller := newController(server, setup{checks: true, apiReader: failingLister{server, failure}})
	said, err := reconcileService(server, controller, server.ServiceInCache())
	if !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	expectNothingSaidOrSent(server, said)
}
