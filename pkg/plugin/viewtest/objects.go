// Package viewtest builds the objects of a namespace for the tests of what kubectl bluegreen status shows: the ReplicaSets, pods,
// endpoints and Events of the shop of package bluegreentest. Tests import it with a dot.
package viewtest

import (
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// Eight is when everything here began.
var Eight = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

// PodOption changes one thing of a pod.
type PodOption func(*corev1.Pod)

// ReplicaSet is that of the Deployment nginx-VERSION.
func ReplicaSet(of *appsv1.Deployment, ready, all int32) *appsv1.ReplicaSet {
	built := &appsv1.ReplicaSet{}
	built.Namespace, built.Name, built.UID = of.Namespace, of.Name+"-5d4f", types.UID(of.Name+"-5d4f")
	built.CreationTimestamp = metav1.NewTime(Eight)
	built.OwnerReferences = controlledBy(of, "Deployment")
	built.Labels, built.Spec.Replicas = of.Spec.Template.Labels, new(all)
	built.Spec.Selector = &metav1.LabelSelector{MatchLabels: of.Spec.Template.Labels}
	built.Spec.Template.Labels = of.Spec.Template.Labels
	built.Status.Replicas, built.Status.ReadyReplicas = all, ready
	return built
}

// Pod is one of a ReplicaSet, with one container that runs and is ready.
func Pod(of *appsv1.ReplicaSet, suffix string, options ...PodOption) *corev1.Pod {
	built := &corev1.Pod{}
	built.Namespace, built.Name, built.UID = of.Namespace, of.Name+"-"+suffix, types.UID(of.Name+"-"+suffix)
	built.CreationTimestamp = metav1.NewTime(Eight)
	built.Labels, built.OwnerReferences = of.Labels, controlledBy(of, "ReplicaSet")
	built.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:" + of.Labels["version"]}}
	built.Status.Phase = corev1.PodRunning
	built.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	built.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "nginx", Ready: true,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(Eight)}}}}
	for _, option := range options {
		option(built)
	}
	return built
}

// Unready is a pod that is not ready, for a reason of its own.
func Unready(p *corev1.Pod) {
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
	p.Status.ContainerStatuses[0].Ready = false
}

// ImagePullBackOff is a pod whose image cannot be pulled.
func ImagePullBackOff(p *corev1.Pod) {
	Unready(p)
	p.Status.Phase = corev1.PodPending
	p.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "ImagePullBackOff", Message: `Back-off pulling image "nginx:1.11"`}}
}

// CrashLoopBackOff is a pod whose container ends again and again.
func CrashLoopBackOff(p *corev1.Pod) {
	Unready(p)
	status := &p.Status.ContainerStatuses[0]
	status.RestartCount = 4
	status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "CrashLoopBackOff", Message: "back-off 40s restarting failed container"}}
	status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error",
		StartedAt: metav1.NewTime(Eight), FinishedAt: metav1.NewTime(Eight)}
}

// Unschedulable is a pod that no node takes.
func Unschedulable(p *corev1.Pod) {
	Unready(p)
	p.Status.Phase, p.Status.ContainerStatuses = corev1.PodPending, nil
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable",
		Message: "0/3 nodes are available: 3 Insufficient cpu."}}
}

// Job is one of bluegreen's that checks a version of a Service, and may take an hour from eight on.
func Job(of *corev1.Service, version string) *batchv1.Job {
	built := &batchv1.Job{}
	built.Namespace, built.Name, built.UID = of.Namespace, of.Name+"-check-"+version, types.UID("check-"+version)
	built.CreationTimestamp = metav1.NewTime(Eight)
	built.Labels = map[string]string{"bluegreen/check-of": of.Name}
	built.OwnerReferences = controlledBy(of, "Service")
	built.Spec.ActiveDeadlineSeconds = new(int64(3600))
	built.Spec.Template.Spec.Containers = []corev1.Container{{Name: "curl", Image: "curl",
		Env: []corev1.EnvVar{{Name: "BLUEGREEN_VERSION", Value: version}}}}
	built.Status.StartTime = new(metav1.NewTime(Eight))
	return built
}

// PodOf is a pod of a Job, with one container that has ended with an exit code.
func PodOf(of *batchv1.Job, exitCode int32) *corev1.Pod {
	built := &corev1.Pod{}
	built.Namespace, built.Name, built.UID = of.Namespace, of.Name+"-a", of.UID+"-a"
	built.CreationTimestamp, built.OwnerReferences = metav1.NewTime(Eight), controlledBy(of, "Job")
	built.Spec.Containers = of.Spec.Template.Spec.Containers
	built.Status.Phase = corev1.PodFailed
	built.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "curl", State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{ExitCode: exitCode, Reason: "Error"}}}}
	return built
}

// Ended gives a Job the conditions with which it ends, the last with what Kubernetes says of it.
func Ended(job *batchv1.Job, reason, message string, conditions ...batchv1.JobConditionType) *batchv1.Job {
	for _, condition := range conditions {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{Type: condition, Status: corev1.ConditionTrue,
			Reason: reason, Message: message})
	}
	return job
}

// Endpoints are the pods of a Service, ready as they are.
func Endpoints(service *corev1.Service, pods ...*corev1.Pod) *discoveryv1.EndpointSlice {
	built := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
	built.Namespace, built.Name = service.Namespace, service.Name+"-abcde"
	built.Labels = map[string]string{discoveryv1.LabelServiceName: service.Name}
	for i, pod := range pods {
		ready := pod.Status.Conditions[0].Type == corev1.PodReady && pod.Status.Conditions[0].Status == corev1.ConditionTrue
		built.Endpoints = append(built.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{"192.0.2." + string(rune('1'+i))},
			Conditions: discoveryv1.EndpointConditions{Ready: new(ready)},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name},
		})
	}
	return built
}

// Event is what somebody was told about an object, some time after eight.
func Event(kind string, about metav1.Object, after time.Duration, reason, note string) *eventsv1.Event {
	built := &eventsv1.Event{EventTime: metav1.NewMicroTime(Eight.Add(after)), Type: "Normal", Reason: reason, Note: note}
	built.Namespace, built.Name = about.GetNamespace(), about.GetName()+"."+strings.ToLower(reason)
	built.Regarding = corev1.ObjectReference{Kind: kind, Namespace: about.GetNamespace(), Name: about.GetName(), UID: about.GetUID()}
	built.ReportingController, built.ReportingInstance, built.Action = "bluegreen", "bluegreen-0", "Switching"
	return built
}

// controlledBy makes an object one of another.
func controlledBy(owner metav1.Object, kind string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: owner.GetName(), UID: owner.GetUID(), Controller: new(true)}}
}

// DeploymentOf is the Deployment of a version, with a UID of its own, made at eight.
func DeploymentOf(version string, options ...bluegreentest.DeploymentOption) *appsv1.Deployment {
	built := bluegreentest.Deployment(version, options...)
	built.UID, built.CreationTimestamp = types.UID(built.Name), metav1.NewTime(Eight)
	return built
}
