package bluegreen

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// minimumReplicasAvailable is the reason of condition Available=True that the Deployment controller sets
// (k8s.io/kubernetes/pkg/controller/deployment/util.MinimumReplicasAvailable).
const minimumReplicasAvailable = "MinimumReplicasAvailable"

// verdict is why a switch is held.
type verdict struct {
	reason  Reason
	message string
}

// goal is what a target has to live up to.
type goal struct {
	policy  Policy
	service *corev1.Service
	live    []*appsv1.Deployment // what serves and is to be left
}

// checks are the gate, in order: the first that finds something is what people are told. Every Deployment whose pods the
// target would select must pass all of them.
var checks = []func(goal, *appsv1.Deployment) *verdict{
	notScaledToZero,
	notHeldWithNone,
	portsFound,
	available,
	ownPods,
	complete,
}

// gate returns why traffic may not move to the target, or nil when it may.
func gate(policy Policy, state State) *verdict {
	g := goal{policy: policy, service: state.Service, live: without(state.Live, state.Target)}
	if len(state.Target) == 0 && len(state.Left) > 0 {
		return &verdict{ReasonDeploymentNotFound, fmt.Sprintf("Deployment %s: its pods are of version %s, but its new pod labels are not: "+
			"put the labels back, or ask for another version", names(state.Left), policy.Target)}
	}
	if len(state.Target) == 0 {
		return &verdict{ReasonDeploymentNotFound, fmt.Sprintf(
			"No Deployment has pods labelled %s: create it, or set %s to a version that runs",
			formatSelector(policy.candidate(state.Service)), TargetVersion)}
	}
	for _, deployment := range state.Target {
		// One under deletion can be switched back to while bluegreen keeps it, traffic having just left it.
		if deployment.DeletionTimestamp != nil && !(Protected(deployment) && g.check(deployment) == nil) {
			return about(deployment, &verdict{ReasonDeploymentDeleting, "is being deleted: create it again once it is gone, or ask for another version"})
		}
	}
	if held := g.check(state.Target...); held != nil {
		return held
	}
	return matchesLive(g, state)
}

// check returns the first thing that holds one of some Deployments, or nil.
func (g goal) check(deployments ...*appsv1.Deployment) *verdict {
	for _, check := range checks {
		for _, deployment := range deployments {
			if held := check(g, deployment); held != nil {
				return about(deployment, held)
			}
		}
	}
	return nil
}

func about(deployment *appsv1.Deployment, held *verdict) *verdict {
	return &verdict{held.reason, "Deployment " + deployment.Name + ": " + held.message}
}

func notScaledToZero(_ goal, deployment *appsv1.Deployment) *verdict {
	if hasReplicas(deployment) {
		return nil
	}
	return &verdict{ReasonScaledToZero, fmt.Sprintf("has 0 replicas: scale it up with kubectl scale deployment %s -n %s --replicas=N",
		deployment.Name, deployment.Namespace)}
}

// notHeldWithNone tells of a slot that serves, whose new labels are asked for, and nothing else carries them: it would roll out in place,
// but came with no replicas.
func notHeldWithNone(g goal, deployment *appsv1.Deployment) *verdict {
	held, found := resumeOf(deployment)
	if !found || !held.ofNone(deployment) || !leaves(g.service.Spec.Selector, deployment) {
		return nil
	}
	return &verdict{ReasonLiveRelabelled, fmt.Sprintf("serves, and its new pod labels came with 0 replicas, so its rollout is paused: to roll it "+
		"out where it is, kubectl scale deployment %s -n %s --replicas=N (another number than %d), or create another Deployment of version %s",
		deployment.Name, deployment.Namespace, held.kept, g.policy.Target)}
}

// available asks for MinimumReplicasAvailable of the generation that is there now; a status of an older one says nothing.
func available(_ goal, deployment *appsv1.Deployment) *verdict {
	status := deployment.Status
	if status.ObservedGeneration >= deployment.Generation && status.AvailableReplicas > 0 && reportsMinimum(status.Conditions) {
		return nil
	}
	return &verdict{ReasonNotAvailable, "waiting for " + minimumReplicasAvailable}
}

// ownPods asks for as many available pods of the target as the rollout may go down to, where a Deployment's selector spans
// versions: its status counts the pods of the version before as well, which the Service is about to leave.
func ownPods(g goal, deployment *appsv1.Deployment) *verdict {
	wanted := minimumAvailable(deployment)
	if !g.spans(deployment) || g.own(deployment) >= wanted {
		return nil
	}
	pods := "an available pod"
	if wanted > 1 {
		pods = fmt.Sprintf("%d available pods", wanted)
	}
	return &verdict{ReasonNotAvailable, fmt.Sprintf("waiting for %s of version %s (its selector spans versions; "+
		"with one Deployment for each version, the old one serves until then)", pods, g.policy.Target)}
}

// spans says whether a Deployment's selector admits pods that the target would not select.
func (g goal) spans(deployment *appsv1.Deployment) bool {
	if deployment.Spec.Selector == nil {
		return true
	}
	return !matches(g.policy.candidate(g.service), deployment.Spec.Selector.MatchLabels)
}

// own returns how many available pods of a Deployment are of the target for sure.
func (g goal) own(deployment *appsv1.Deployment) int32 {
	status := deployment.Status
	if !g.spans(deployment) {
		return status.AvailableReplicas
	}
	return max(0, status.AvailableReplicas-max(0, status.Replicas-status.UpdatedReplicas))
}

// minimumAvailable returns how many pods a rollout keeps available, and at least one: what condition Available is about
// (k8s.io/kubernetes/pkg/controller/deployment/util.MaxUnavailable).
func minimumAvailable(deployment *appsv1.Deployment) int32 {
	replicas, rolling := ptr.Deref(deployment.Spec.Replicas, 1), deployment.Spec.Strategy.RollingUpdate
	if rolling == nil {
		return max(1, replicas)
	}
	scaled := func(value *intstr.IntOrString, roundUp bool) int {
		count, err := intstr.GetScaledValueFromIntOrPercent(ptr.To(ptr.Deref(value, intstr.FromInt32(0))), int(replicas), roundUp)
		if err != nil {
			return 0
		}
		return count
	}
	unavailable := scaled(rolling.MaxUnavailable, false)
	if unavailable == 0 && scaled(rolling.MaxSurge, true) == 0 {
		unavailable = 1 // Otherwise no rollout could begin.
	}
	return max(1, replicas-int32(unavailable))
}

func reportsMinimum(conditions []appsv1.DeploymentCondition) bool {
	for _, condition := range conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			return condition.Status == corev1.ConditionTrue && condition.Reason == minimumReplicasAvailable
		}
	}
	return false
}

// portsFound asks for every port that the Service names: without it the pods are ready, and get no traffic. Where the templates of
// what serves lack it too, something else puts it into the pods: a sidecar that another webhook injects.
func portsFound(g goal, deployment *appsv1.Deployment) *verdict {
	for _, port := range g.service.Spec.Ports {
		if port.TargetPort.Type == intstr.String && !hasPort(deployment, port) && !g.injected(port) {
			return &verdict{ReasonPortNotFound, fmt.Sprintf("no container has a %s port named %q, a targetPort of the Service",
				cmp.Or(port.Protocol, corev1.ProtocolTCP), port.TargetPort.StrVal)}
		}
	}
	return nil
}

// injected says whether what serves gets along without naming a port in its templates.
func (g goal) injected(port corev1.ServicePort) bool {
	return len(g.live) > 0 && !slices.ContainsFunc(g.live, func(live *appsv1.Deployment) bool { return hasPort(live, port) })
}

func hasPort(deployment *appsv1.Deployment, wanted corev1.ServicePort) bool {
	for _, container := range ServingContainers(deployment.Spec.Template.Spec) {
		for _, port := range container.Ports {
			if port.Name == wanted.TargetPort.StrVal &&
				cmp.Or(port.Protocol, corev1.ProtocolTCP) == cmp.Or(wanted.Protocol, corev1.ProtocolTCP) {
				return true
			}
		}
	}
	return false
}

// ServingContainers returns the containers whose ports a Service may name: all but the init containers that end.
func ServingContainers(pod corev1.PodSpec) []corev1.Container {
	containers := slices.Clone(pod.Containers)
	for _, container := range pod.InitContainers {
		if ptr.Deref(container.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, container)
		}
	}
	return containers
}

// complete asks for a rollout that is over, where the Service wants that.
func complete(g goal, deployment *appsv1.Deployment) *verdict {
	if g.policy.Ready != Complete {
		return nil
	}
	if deployment.Spec.Paused {
		return &verdict{ReasonPaused, fmt.Sprintf("is paused, and %s=%s asks for a complete rollout: kubectl rollout resume deployment %s -n %s",
			Ready, Complete, deployment.Name, deployment.Namespace)}
	}
	status, replicas := deployment.Status, ptr.Deref(deployment.Spec.Replicas, 1)
	if status.UpdatedReplicas == replicas && status.Replicas == replicas && status.AvailableReplicas == replicas {
		return nil
	}
	return &verdict{ReasonNotComplete, "waiting for every replica to be updated and available"}
}

// matchesLive asks for as many available replicas as the live version has, where the Service wants that. A live version that
// is down asks for none: a switch back is judged by its destination alone. What serves already and is of the target as well
// (the selector does not name a version yet) goes on serving, and need not be matched.
func matchesLive(g goal, state State) *verdict {
	var own, live int32
	for _, deployment := range state.Target {
		own += g.own(deployment)
	}
	for _, deployment := range g.live {
		live += deployment.Status.AvailableReplicas
	}
	if g.policy.Ready != MatchLive || own >= live {
		return nil
	}
	return &verdict{ReasonFewerThanLive, fmt.Sprintf("Version %s: waiting for as many available replicas as %s has",
		g.policy.Target, describeLive(g.policy, state.Service))}
}
