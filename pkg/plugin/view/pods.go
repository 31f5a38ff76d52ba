package view

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod is one with what keeps it from being ready.
type Pod struct {
	*corev1.Pod

	// State is that of the pod in one word, as kubectl get pods has it.
	State string

	// Why is why it is not ready, in a sentence, and Look a command that tells more. Both are empty if nothing is known, and Look if
	// nothing is wrong so far.
	Why, Look string
}

// Completed is the state of a pod that has done its work.
const Completed = "Completed"

// podsOf returns the pods of a ReplicaSet or a Job, by name.
func podsOf(objects Objects, owner metav1.Object) []Pod {
	var found []Pod
	for _, pod := range objects.Pods {
		if metav1.IsControlledBy(pod, owner) {
			found = append(found, explain(pod, objects.Events))
		}
	}
	slices.SortFunc(found, func(a, b Pod) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// Ready reports whether the pod is ready.
func (p Pod) Ready() bool { return is(p.Pod, corev1.PodReady) }

// Restarts returns how often its containers were restarted.
func (p Pod) Restarts() int32 {
	var sum int32
	for _, status := range allStatuses(p.Pod) {
		sum += status.RestartCount
	}
	return sum
}

// explain tells what keeps a pod from being ready: the first of the usual causes that is there.
func explain(pod *corev1.Pod, events []*eventsv1.Event) Pod {
	if pod.DeletionTimestamp != nil {
		return Pod{Pod: pod, State: "Terminating"}
	}
	if pod.Status.Phase == corev1.PodSucceeded {
		return Pod{Pod: pod, State: Completed}
	}
	if is(pod, corev1.PodReady) {
		return Pod{Pod: pod, State: string(pod.Status.Phase)}
	}
	for _, cause := range []func(*corev1.Pod, []*eventsv1.Event) *Pod{failed, unschedulable, stuck, probeFails, gateCloses} {
		if found := cause(pod, events); found != nil {
			return *found
		}
	}
	return Pod{Pod: pod, State: string(pod.Status.Phase)}
}

// failed explains a pod that has ended: evicted, say.
func failed(pod *corev1.Pod, _ []*eventsv1.Event) *Pod {
	if pod.Status.Phase != corev1.PodFailed || pod.Status.Reason == "" {
		return nil
	}
	return &Pod{Pod: pod, State: pod.Status.Reason, Why: pod.Status.Message, Look: describe(pod)}
}

// unschedulable explains a pod that no node takes.
func unschedulable(pod *corev1.Pod, _ []*eventsv1.Event) *Pod {
	i := slices.IndexFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse
	})
	if i < 0 {
		return nil
	}
	condition := pod.Status.Conditions[i]
	return &Pod{Pod: pod, State: condition.Reason, Why: condition.Message, Look: describe(pod)}
}

// stuck explains a container that does not run: its image cannot be pulled, its configuration is missing, or it ends again and again.
func stuck(pod *corev1.Pod, _ []*eventsv1.Event) *Pod {
	for _, status := range allStatuses(pod) {
		waiting, ended := status.State.Waiting, cause(status)
		switch {
		case waiting != nil && ended != nil:
			return &Pod{Pod: pod, State: waiting.Reason, Why: fmt.Sprintf("container %s %s", status.Name, endedWith(ended)),
				Look: fmt.Sprintf("kubectl logs %s -c %s -n %s --previous", pod.Name, status.Name, pod.Namespace)}
		case status.State.Terminated != nil && status.State.Terminated.ExitCode != 0:
			return &Pod{Pod: pod, State: status.State.Terminated.Reason,
				Why:  fmt.Sprintf("container %s %s", status.Name, endedWith(status.State.Terminated)),
				Look: fmt.Sprintf("kubectl logs %s -c %s -n %s", pod.Name, status.Name, pod.Namespace)}
		case waiting != nil && waiting.Reason == "PodInitializing":
			continue // An init container tells why.
		case waiting != nil && waiting.Message != "":
			return &Pod{Pod: pod, State: waiting.Reason, Why: fmt.Sprintf("container %s: %s", status.Name, waiting.Message),
				Look: describe(pod)}
		case waiting != nil:
			return &Pod{Pod: pod, State: waiting.Reason}
		}
	}
	return nil
}

// cause returns how a container ended before it came to wait; nil if it did not.
func cause(status corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	return status.LastTerminationState.Terminated
}

func endedWith(ended *corev1.ContainerStateTerminated) string {
	return fmt.Sprintf("ended with exit code %d (%s)", ended.ExitCode, ended.Reason)
}

// probeFails explains a container that runs and is not ready, by what the kubelet said last of its probes.
func probeFails(pod *corev1.Pod, events []*eventsv1.Event) *Pod {
	i := slices.IndexFunc(pod.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.State.Running != nil && !status.Ready
	})
	if i < 0 {
		return nil
	}
	if event := lastUnhealthy(pod, events); event != nil {
		return &Pod{Pod: pod, State: string(pod.Status.Phase), Why: event.Note, Look: describe(pod)}
	}
	why := fmt.Sprintf("container %s runs, and its readiness probe has not succeeded yet", pod.Status.ContainerStatuses[i].Name)
	return &Pod{Pod: pod, State: string(pod.Status.Phase), Why: why}
}

// lastUnhealthy returns the last Event of a probe of a pod; nil if there is none.
func lastUnhealthy(pod *corev1.Pod, events []*eventsv1.Event) *eventsv1.Event {
	var last *eventsv1.Event
	for _, event := range events {
		of := event.Regarding.Kind == "Pod" && event.Regarding.Name == pod.Name && event.Regarding.UID == pod.UID
		if of && event.Reason == "Unhealthy" && (last == nil || at(event).After(at(last))) {
			last = event
		}
	}
	return last
}

// gateCloses explains a pod whose containers are ready, and that waits for somebody else, such as a load balancer.
func gateCloses(pod *corev1.Pod, _ []*eventsv1.Event) *Pod {
	for _, gate := range pod.Spec.ReadinessGates {
		if !is(pod, gate.ConditionType) {
			return &Pod{Pod: pod, State: string(pod.Status.Phase), Why: fmt.Sprintf("its readiness gate %s is closed", gate.ConditionType),
				Look: describe(pod)}
		}
	}
	return nil
}

func is(pod *corev1.Pod, kind corev1.PodConditionType) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == kind && condition.Status == corev1.ConditionTrue
	})
}

func allStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

func describe(pod *corev1.Pod) string {
	return fmt.Sprintf("kubectl describe pod %s -n %s", pod.Name, pod.Namespace)
}
