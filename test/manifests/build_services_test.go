package manifests

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// names gives every object of a test its own name.
func names() (next func() string) {
	count := 0
	return func() string {
		count++
		return fmt.Sprintf("nginx-%d", count)
	}
}

// service is a Service of nginx, changed by the given functions.
func service(namespace, name string, with ...change) *corev1.Service {
	svc := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"name": "nginx", "version": "1.10"},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80}},
		},
	}
	changes(with).to(svc)
	return svc
}

// change is a change of a Service.
type change func(*corev1.Service)

type changes []change

func (c changes) to(svc *corev1.Service) {
	for _, change := range c {
		change(svc)
	}
}

func managed(svc *corev1.Service) { annotate("bluegreen/target-version", "1.10")(svc) }

func givenBack(svc *corev1.Service) { delete(svc.Annotations, "bluegreen/target-version") }

// follows makes a Service one that follows nginx, and previews one that is a preview of it.
func follows(svc *corev1.Service) { annotate("bluegreen/follows", "nginx")(svc) }

func previews(svc *corev1.Service) { annotate("bluegreen/preview-of", "nginx")(svc) }

func annotate(key, value string) change {
	return func(svc *corev1.Service) {
		if svc.Annotations == nil {
			svc.Annotations = map[string]string{}
		}
		svc.Annotations[key] = value
	}
}

func selects(key, value string) change {
	return func(svc *corev1.Service) {
		if svc.Spec.Selector == nil {
			svc.Spec.Selector = map[string]string{}
		}
		svc.Spec.Selector[key] = value
	}
}

// switched moves the selector from one version to another, and records it, as bluegreen does.
func switched(from, to string) change {
	return func(svc *corev1.Service) {
		selects("version", to)(svc)
		recorded(from, to)(svc)
	}
}

// recorded has the record of a switch.
func recorded(from, to string) change {
	return annotate("bluegreen/last-switch", from+"/"+to+"/2026-11-28T08:00:00Z/1/version")
}

// forgedBefore has a record though it is not managed.
func forgedBefore(svc *corev1.Service) { recorded("1.9", "1.10")(svc) }

// failed has the record of an ask that was given up.
func failed(svc *corev1.Service) {
	annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2/Failed")(svc)
}

func selectsNot(key string) change {
	return func(svc *corev1.Service) { delete(svc.Spec.Selector, key) }
}

func selectorless(svc *corev1.Service) { svc.Spec.Selector = nil }

func external(svc *corev1.Service) {
	svc.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "example.com"}
}

// externalToo leaves the rest of the spec as it is, the selector among it.
func externalToo(svc *corev1.Service) {
	svc.Spec.Type, svc.Spec.ExternalName = corev1.ServiceTypeExternalName, "example.com"
}

func labelled(svc *corev1.Service) { svc.Labels = map[string]string{"team": "web"} }

func onPort(svc *corev1.Service) { svc.Spec.Ports[0].Port = 8080 }

func balanced(svc *corev1.Service) {
	svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}
}

func loadBalancer(svc *corev1.Service) { svc.Spec.Type = corev1.ServiceTypeLoadBalancer }

// selectsCrowd selects by as many keys as the API server takes.
func selectsCrowd(svc *corev1.Service) {
	for i := range 32_000 {
		selects(fmt.Sprintf("x/%05d", i), "")(svc)
	}
}

// crowded carries as many annotations as the API server takes (256 KiB), the dearest input of our CEL.
func crowded(svc *corev1.Service) {
	for i := range 32_000 {
		annotate(fmt.Sprintf("x/%05d", i), "")(svc)
	}
}

func asked11(svc *corev1.Service) { annotate("bluegreen/target-version", "1.11")(svc) }

func byK(svc *corev1.Service) { annotate("bluegreen/version-label", "k")(svc) }

func internal(svc *corev1.Service) {
	svc.Spec.Type, svc.Spec.ExternalName = corev1.ServiceTypeClusterIP, ""
}

func generated(svc *corev1.Service) { svc.GenerateName, svc.Name = svc.Name, "" }

func unannotate(key string) change {
	return func(svc *corev1.Service) { delete(svc.Annotations, key) }
}

func serviceOwned(svc *corev1.Service) { svc.OwnerReferences = owner }

func serviceFinalized(svc *corev1.Service) { svc.Finalizers = []string{"a/b"} }

func externalIP(svc *corev1.Service) { svc.Spec.ExternalIPs = []string{"192.0.2.1"} }

func unannotated(svc *corev1.Service) { svc.Annotations = nil }
