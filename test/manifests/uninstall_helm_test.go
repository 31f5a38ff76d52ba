package manifests

import (
	"context"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestHelmUninstall plays the Job's controller: refused while the Job fails, done when it succeeds, nothing left.
func TestHelmUninstall(t *testing.T) {
	c := as(t, controller)
	ns := newNamespace(t, c, "uninstalled")
	// In one namespace for the sake of the other tests; see TestUpgradeKeepsTheCA.
	helm(t, "install", "gone", "--namespace="+ns, "--set=watchNamespaces={"+ns+"}")
	uninstall := []string{"uninstall", "gone", "--namespace=" + ns, "--timeout=30s"}
	finished := finishJob(t, c, ns, batchv1.JobFailureTarget, batchv1.JobFailed)
	if out, err := run(t, "helm", uninstall...); err == nil {
		t.Errorf("uninstalled, though the hook failed:\n%s", out)
	}
	failed := <-finished
	read(t, c, "", "gone-bluegreen", &admissionv1.MutatingWebhookConfiguration{})
	read(t, c, ns, "gone-bluegreen", &appsv1.Deployment{})
	finished = finishJob(t, c, ns, success(t)...)
	mustRun(t, "helm", uninstall...)
	if succeeded := <-finished; succeeded == failed {
		t.Error("the second attempt runs no Job of its own")
	}
	checkNothingIsLeft(t, c, ns)
}

// TestHelmUninstallAfterANamespaceIsGone: Helm can make nothing in it, as an upgrade says.
func TestHelmUninstallAfterANamespaceIsGone(t *testing.T) {
	c := as(t, controller)
	ns, gone := newNamespace(t, c, "uninstalled-later"), newNamespace(t, c, "gone-before")
	both := "--set=watchNamespaces={" + ns + "," + gone + "}"
	helm(t, "install", "gone", "--namespace="+ns, both)
	endNamespace(t, c, gone)
	_, err := run(t, "helm", "upgrade", "gone", chart, selfManaged, "--namespace="+ns, both)
	if err == nil || !strings.Contains(err.Error(), `namespaces "gone-before" not found`) {
		t.Errorf("upgraded: %v", err)
	}
	finished := finishJob(t, c, ns, success(t)...)
	mustRun(t, "helm", "uninstall", "gone", "--namespace="+ns, "--timeout=30s")
	<-finished
	checkNothingIsLeft(t, c, ns)
}

// success returns the conditions of a Job that succeeded. The API server of Kubernetes 1.30 refuses the first of them, and newer
// ones want it.
func success(t *testing.T) []batchv1.JobConditionType {
	t.Helper()
	if served(t).LessThan(version.MajorMinor(1, 31)) {
		return []batchv1.JobConditionType{batchv1.JobComplete}
	}
	return []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete}
}

// finishJob gives the next unfinished Job the given conditions, and then tells its UID.
func finishJob(t *testing.T, c client.Client, ns string, conditions ...batchv1.JobConditionType) <-chan types.UID {
	finished := make(chan types.UID, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	go func() {
		defer close(finished)
		defer cancel()
		err := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			var jobs batchv1.JobList
			err := c.List(ctx, &jobs, client.InNamespace(ns))
			if err != nil || len(jobs.Items) == 0 || len(jobs.Items[0].Status.Conditions) > 0 {
				return false, err
			}
			job := &jobs.Items[0]
			finish(job, conditions)
			finished <- job.UID
			return true, c.Status().Update(ctx, job)
		})
		if err != nil {
			t.Errorf("finishing the Job of helm uninstall: %v", err)
		}
	}()
	return finished
}

func finish(job *batchv1.Job, conditions []batchv1.JobConditionType) {
	now := metav1.Now()
	job.Status.StartTime = &now
	for _, condition := range conditions {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type:               condition,
			Status:             corev1.ConditionTrue,
			LastTransitionTime: now,
			LastProbeTime:      now,
		})
		if condition == batchv1.JobComplete {
			job.Status.CompletionTime, job.Status.Succeeded = &now, 1
		}
	}
}

// checkNothingIsLeft of release "gone", whether Helm created it to install or to uninstall.
func checkNothingIsLeft(t *testing.T, c client.Client, ns string) {
	t.Helper()
	for key, doc := range template(t, selfManaged, "--set=fullnameOverride=gone-bluegreen,watchNamespaces={bluegreen-system}") {
		left := &metav1.PartialObjectMetadata{}
		left.SetGroupVersionKind(doc.GroupVersionKind())
		name := client.ObjectKey{Name: doc.GetName()}
		if doc.GetNamespace() != "" {
			name.Namespace = ns
		}
		if err := c.Get(t.Context(), name, left); !apierrors.IsNotFound(err) && left.GetDeletionTimestamp() == nil {
			t.Errorf("%s is left behind (%v)", key, err)
		}
	}
}
