package cluster

import (
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// checkJobs selects the Jobs that check a version.
var checkJobs = labels.NewSelector().Add(*must(labels.NewRequirement(bluegreen.CheckOf, selection.Exists, nil)))

// must returns a value that cannot fail to be made: what it is made of stands here.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// reduceJob makes the informer keep only what decisions are made of.
func reduceJob(object any) (any, error) {
	job, is := object.(*batchv1.Job)
	if !is {
		return object, nil // It is a tombstone.
	}
	kept := &batchv1.Job{ObjectMeta: keepOfMeta(job.ObjectMeta)}
	kept.Labels = map[string]string{bluegreen.CheckOf: job.Labels[bluegreen.CheckOf]}
	kept.OwnerReferences = job.OwnerReferences
	kept.Status.Conditions = job.Status.Conditions
	return kept, nil
}

// JobsOf returns the Jobs that check a Service, of the cache or of the API server.
func JobsOf(ctx context.Context, reader client.Reader, service bluegreen.Service) ([]*batchv1.Job, error) {
	var list batchv1.JobList
	err := reader.List(ctx, &list, client.InNamespace(service.Namespace), client.MatchingLabels{bluegreen.CheckOf: service.Name})
	if err != nil {
		return nil, fmt.Errorf("listing the Jobs that check Service %s: %w", service.Name, err)
	}
	var jobs []*batchv1.Job
	for i := range list.Items {
		if job := &list.Items[i]; service.Checks(job) {
			jobs = append(jobs, job)
		}
	}
	return jobs, nil
}

// Current reports whether a Service is as the API server has it, by a list of those of its namespace.
func Current(services []bluegreen.Service, seen *corev1.Service) bool {
	return slices.ContainsFunc(services, func(service bluegreen.Service) bool {
		return service.Name == seen.Name && service.ResourceVersion == seen.ResourceVersion
	})
}

// Prepare returns the Job that starts a check, or why it cannot be created. Neither is returned if it is there already, or if the Service
// has changed: that is on its way through the watch. It is an error if the API server does not answer.
func (c *Cluster) Prepare(ctx context.Context, start bluegreen.StartCheck) (job *batchv1.Job, obstacle string, err error) {
	cronJob := &batchv1.CronJob{}
	key := client.ObjectKey{Namespace: start.Service.Namespace, Name: start.Check.CronJob}
	switch err := c.APIReader.Get(ctx, key, cronJob); {
	case apierrors.IsNotFound(err):
		return nil, fmt.Sprintf("CronJob %s does not exist: create it", key.Name), nil
	case apierrors.IsForbidden(err):
		return nil, err.Error(), nil
	case err != nil:
		return nil, "", fmt.Errorf("reading CronJob %s: %w", key.Name, err)
	}
	job = start.Check.JobOf(start.Service, cronJob)
	services, err := c.ReadServices(ctx, start.Service.Namespace)
	if err != nil || !Current(services, start.Service) {
		return nil, "", err
	}
	if obstacle = bluegreen.Endpoints(services, job); obstacle != "" {
		return nil, obstacle, nil
	}
	return c.rehearseJob(ctx, start.Service, job)
}

// rehearseJob creates a Job as a dry run.
func (c *Cluster) rehearseJob(ctx context.Context, service *corev1.Service, job *batchv1.Job) (*batchv1.Job, string, error) {
	err := c.Client.Create(ctx, job.DeepCopy(), client.DryRunAll)
	switch {
	case err == nil:
		return job, "", nil
	case unanswered(err):
		return nil, "", fmt.Errorf("creating Job %s as a dry run: %w", job.Name, err)
	case !apierrors.IsAlreadyExists(err):
		return nil, err.Error(), nil
	}
	jobs, err := JobsOf(ctx, c.APIReader, bluegreen.Read(service))
	if err != nil || slices.ContainsFunc(jobs, func(one *batchv1.Job) bool { return one.Name == job.Name }) {
		return nil, "", err
	}
	return nil, fmt.Sprintf("Job %s exists, and is not bluegreen's: delete it", job.Name), nil
}

func startCheck(ctx context.Context, c client.Client, start bluegreen.StartCheck) error {
	// Another leader may be faster. Its Job is the same.
	if err := c.Create(ctx, start.Job.DeepCopy()); client.IgnoreAlreadyExists(err) != nil {
		return fmt.Errorf("creating Job %s of Service %s: %w", start.Job.Name, start.Service.Name, err)
	}
	return nil
}

// endCheck deletes a Job, and its pods after it.
func endCheck(ctx context.Context, c client.Client, end bluegreen.EndCheck) error {
	err := c.Delete(ctx, end.Job.DeepCopy(), client.PropagationPolicy(metav1.DeletePropagationBackground),
		client.Preconditions{UID: &end.Job.UID})
	if conflicts := apierrors.IsConflict(err); !conflicts && client.IgnoreNotFound(err) != nil { // With a conflict, another Job has its name.
		return fmt.Errorf("deleting Job %s: %w", end.Job.Name, err)
	}
	return nil
}
