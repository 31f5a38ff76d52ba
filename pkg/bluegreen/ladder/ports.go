package ladder

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// portsFound asks for every port that the Service names: without it the pods are ready, and get no traffic. If the live templates
// lack it too, something else puts it into the pods: a sidecar that another webhook injects.
func portsFound(state State, deployment *appsv1.Deployment) *verdict {
	for _, port := range state.Service.Spec.Ports {
		if port.TargetPort.Type == intstr.String && !hasPort(deployment, port) && !injected(state, port) {
			return &verdict{reason: bluegreen.ReasonPortNotFound, message: fmt.Sprintf("no container has a %s port named %q, a targetPort "+
				"of the Service", cmp.Or(port.Protocol, corev1.ProtocolTCP), port.TargetPort.StrVal)}
		}
	}
	return nil
}

// injected reports whether what is live gets along without naming a port in its templates.
func injected(state State, port corev1.ServicePort) bool {
	live := state.toLeave()
	return len(live) > 0 && !slices.ContainsFunc(live, func(deployment *appsv1.Deployment) bool { return hasPort(deployment, port) })
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
