package ladder

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestATargetWithoutThePortThatTheServiceNamesIsHeld(t *testing.T) {
	names := func(port string, protocol corev1.Protocol) ServiceOption {
		return func(s *corev1.Service) {
			s.Spec.Ports = []corev1.ServicePort{{Port: 80, Protocol: protocol, TargetPort: intstr.FromString(port)}}
		}
	}
	const missing = `Deployment nginx-1.11: no container has a TCP port named "http", a targetPort of the Service`
	for name, test := range map[string]struct {
		port   ServiceOption
		option DeploymentOption
		want   decided
	}{
		"there": {
			port:   names("http", corev1.ProtocolTCP),
			option: Exposes("http", corev1.ProtocolTCP),
			want:   movedTo("1.11"),
		},
		"there, protocols left out": {
			port:   names("http", ""),
			option: Exposes("http", ""),
			want:   movedTo("1.11"),
		},
		"there, in a sidecar": {
			port: names("http", ""),
			option: func(d *appsv1.Deployment) {
				Exposes("http", "")(d)
				d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers, nil
				d.Spec.Template.Spec.InitContainers[0].RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
			},
			want: movedTo("1.11"),
		},
		"there, in an init container that ends": {
			port: names("http", ""),
			option: func(d *appsv1.Deployment) {
				Exposes("http", "")(d)
				d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers, nil
			},
			want: held(ReasonPortNotFound, missing),
		},
		"another name": {
			port:   names("http", ""),
			option: Exposes("web", ""),
			want:   held(ReasonPortNotFound, missing),
		},
		"another protocol": {
			port:   names("http", ""),
			option: Exposes("http", corev1.ProtocolUDP),
			want:   held(ReasonPortNotFound, missing),
		},
		"no port at all": {
			port:   names("http", corev1.ProtocolTCP),
			option: Starting,
			want:   held(ReasonPortNotFound, missing),
		},
		"a number needs no name": {
			port: func(s *corev1.Service) {
				s.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}
			},
			option: Exposes("web", ""),
			want:   movedTo("1.11"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			live := Deployment("1.10", Exposes("http", corev1.ProtocolTCP))
			test.want.expect(t, decide(Waiting(test.port), live, Deployment("1.11", test.option)))
		})
	}
}

func TestAPortThatAnInjectedSidecarNamesHoldsNothing(t *testing.T) {
	proxied := func(s *corev1.Service) {
		s.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("proxy")}}
	}
	has := Exposes("proxy", corev1.ProtocolTCP)
	for name, test := range map[string]struct {
		deployments []*appsv1.Deployment
		reason      Reason
	}{
		"what serves lacks it too": {deployments: List(Deployment("1.10"), Deployment("1.11")), reason: ReasonSwitched},
		"one of two that serve has it": {
			deployments: List(Deployment("1.10"), Deployment("1.10", Named("more"), has), Deployment("1.11")),
			reason:      ReasonPortNotFound,
		},
		"nothing serves": {deployments: List(Deployment("1.11")), reason: ReasonPortNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			expectReason(t, decide(Waiting(proxied), test.deployments...), test.reason)
		})
	}
}
