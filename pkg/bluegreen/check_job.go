package bluegreen

import (
	"fmt"
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// mostOfCheck is how long a check may take before the switch if its template does not say so. Traffic stays meanwhile.
const mostOfCheck = time.Hour

// instantiate is the annotation of a Job that somebody made of a CronJob by hand, as kubectl create job --from does.
const instantiate = "cronjob.kubernetes.io/instantiate"

// JobOf returns the Job of a check, made of the template of its CronJob. It runs at once, and once, unless its template says otherwise;
// it stays until another check replaces it, for people to read its log; and it goes with the Service.
func (c Check) JobOf(service *corev1.Service, cronJob *batchv1.CronJob) *batchv1.Job {
	template := cronJob.Spec.JobTemplate.DeepCopy()
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Namespace:   service.Namespace,
		Name:        c.Job,
		Labels:      with(template.Labels, CheckOf, service.Name),
		Annotations: with(template.Annotations, instantiate, "manual"),
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "v1", Kind: "Service", Name: service.Name, UID: service.UID, Controller: new(true),
		}},
	}, Spec: template.Spec}
	job.Spec.Suspend, job.Spec.TTLSecondsAfterFinished = nil, nil
	if job.Spec.BackoffLimit == nil && job.Spec.BackoffLimitPerIndex == nil {
		job.Spec.BackoffLimit = new(int32(0))
	}
	if job.Spec.PodFailurePolicy == nil && job.Spec.Template.Spec.RestartPolicy == corev1.RestartPolicyNever {
		job.Spec.PodFailurePolicy = unlessDisrupted.DeepCopy()
	}
	job.Spec.ActiveDeadlineSeconds = new(c.activeDeadline(job.Spec.ActiveDeadlineSeconds))
	c.tell(service, job.Spec.Template.Spec.InitContainers)
	c.tell(service, job.Spec.Template.Spec.Containers)
	return job
}

// activeDeadline returns for how many seconds the Job may run.
func (c Check) activeDeadline(own *int64) int64 {
	if c.Most == 0 {
		return ptr.Deref(own, int64(mostOfCheck/time.Second))
	}
	most := int64(c.Most / time.Second)
	return min(most, ptr.Deref(own, most))
}

// unlessDisrupted has a pod that a node lost, or that was evicted, replaced: that says nothing of the version.
var unlessDisrupted = &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{
	Action: batchv1.PodFailurePolicyActionIgnore,
	OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue,
	}},
}}}

// versionVariable is the environment variable that says which version is to be checked.
const versionVariable = "BLUEGREEN_VERSION"

// CheckedVersion returns the version that a Job checks; empty if that is none of bluegreen's.
func CheckedVersion(job *batchv1.Job) string {
	spec := job.Spec.Template.Spec
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		for _, variable := range container.Env {
			if variable.Name == versionVariable {
				return variable.Value
			}
		}
	}
	return ""
}

// tell puts into the environment of containers what is to be checked, in place of what they say themselves.
func (c Check) tell(service *corev1.Service, containers []corev1.Container) {
	ours := []corev1.EnvVar{
		{Name: "BLUEGREEN_SERVICE", Value: service.Name},
		{Name: versionVariable, Value: c.Version},
		{Name: "BLUEGREEN_PREVIEW", Value: c.Preview},
	}
	for i := range containers {
		env := slices.DeleteFunc(containers[i].Env, func(theirs corev1.EnvVar) bool {
			return slices.ContainsFunc(ours, func(one corev1.EnvVar) bool { return one.Name == theirs.Name })
		})
		containers[i].Env = append(slices.Clone(ours), env...) // First, so that theirs may refer to ours.
	}
}

// with returns a copy of labels or annotations with one more.
func with(values map[string]string, key, value string) map[string]string {
	values = maps.Clone(values)
	if values == nil {
		values = map[string]string{}
	}
	values[key] = value
	return values
}

// Endpoints returns why the pods of a Job would get traffic: a managed Service of the namespace selects them, or may on another version.
// Empty if none does.
func Endpoints(services []Service, job *batchv1.Job) string {
	pods := job.Spec.Template.Labels
	for _, service := range services {
		if service.Switchable() && service.maySelect(pods) {
			return fmt.Sprintf("Service %s would send traffic to its pods: take out of their labels what that Service selects", service.Name)
		}
	}
	return ""
}

// maySelect reports whether the Service selects pods with some labels, or may once it is on another version.
func (s Service) maySelect(pods map[string]string) bool {
	others := s.otherLabels()
	_, versioned := pods[s.VersionLabel]
	return Matches(s.Spec.Selector, pods) || versioned && (len(others) == 0 || Matches(others, pods))
}
