// Package watchtest is what the tests of the controllers share: objects with more to them than the cache keeps, and a fake API
// server with a cache that can be behind. Tests import it with a dot.
package watchtest

import (
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// The versions of most tests: traffic is on blue, and is to go to green.
const (
	Blue  = "1.10"
	Green = "1.11"
)

// Theirs is a finalizer, or an annotation, of somebody else.
const Theirs = "example.org/theirs"

// DeploymentUID is that of every Deployment here. Notes name it.
const DeploymentUID = "2"

// Nginx is an unmanaged Service with traffic on blue, and with more to it than the cache keeps.
func Nginx() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   "shop",
			Name:        "nginx",
			UID:         "1",
			Labels:      map[string]string{"app": "shop"},
			Annotations: map[string]string{"example.org/load-balancer": "internal"},
		},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeLoadBalancer,
			Selector: PodsOf(Blue),
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
		Status: corev1.ServiceStatus{
			LoadBalancer: corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}},
		},
	}
}

// Asking is the Service with traffic on blue, and a version that is asked for.
func Asking(version string) *corev1.Service {
	built := Nginx()
	built.Annotations[bluegreen.TargetVersion] = version
	return built
}

// OnVersion is the Service with its traffic on a version, asked for.
func OnVersion(version string) *corev1.Service {
	built := Asking(version)
	built.Spec.Selector = PodsOf(version)
	return built
}

// Admin is the Service nginx-admin with its traffic on a version, which follows nginx and is in step with it.
func Admin(version string) *corev1.Service {
	built := Nginx()
	built.Name, built.UID = "nginx-admin", "4"
	built.Annotations[bluegreen.Follows], built.Annotations[bluegreen.PhaseKey] = "nginx", string(bluegreen.Stable)
	built.Spec.Selector = AdminPodsOf(version)
	return built
}

// AdminPodsOf are the labels of the pods that nginx-admin selects on a version.
func AdminPodsOf(version string) map[string]string {
	return map[string]string{"name": "nginx-admin", "version": version}
}

// OfAdmin makes a Deployment one that nginx-admin selects, and nginx does not.
func OfAdmin(deployment *appsv1.Deployment) *appsv1.Deployment {
	version := deployment.Spec.Template.Labels["version"]
	deployment.Name, deployment.UID = "nginx-admin-"+version, "5"
	deployment.Spec.Template.Labels, deployment.Spec.Selector.MatchLabels = AdminPodsOf(version), AdminPodsOf(version)
	return deployment
}

// Switching is a switch that is asked for and has not happened.
type Switching struct{ From, To string }

// Service is the Service with traffic still on the old version.
func (s Switching) Service() *corev1.Service {
	built := OnVersion(s.From)
	built.Annotations[bluegreen.TargetVersion] = s.To
	return built
}

// PodsOf are the labels of the pods of a version.
func PodsOf(version string) map[string]string {
	return map[string]string{"name": "nginx", "version": version}
}

// NoteServing is the value of the note Serves for the pods of a version.
func NoteServing(version string) string { return "name=nginx,version=" + version }

// Ready is a Deployment of green that can carry the traffic.
func Ready(name string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:  "shop",
			Name:       name,
			UID:        DeploymentUID,
			Generation: 1,
			Labels:     map[string]string{"app": "shop"},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](3),
			Selector: &metav1.LabelSelector{MatchLabels: PodsOf(Green)},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: PodsOf(Green)},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx"}}},
			},
		},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: 1,
			AvailableReplicas:  3,
			Conditions: []appsv1.DeploymentCondition{{
				Type:    appsv1.DeploymentAvailable,
				Status:  corev1.ConditionTrue,
				Reason:  "MinimumReplicasAvailable",
				Message: "so it is",
			}},
		},
	}
}

// Starting is a Deployment of green that cannot carry the traffic yet.
func Starting(name string) *appsv1.Deployment {
	built := Ready(name)
	built.Status.AvailableReplicas = 0
	built.Status.Conditions[0].Status = corev1.ConditionFalse
	return built
}

// InUse is a ready Deployment of a version, with our finalizer and one of somebody else's.
func InUse(version string) *appsv1.Deployment {
	built := Ready("nginx-" + version)
	built.Spec.Template.Labels = PodsOf(version)
	built.Spec.Selector.MatchLabels = PodsOf(version)
	built.Finalizers = []string{Theirs, bluegreen.InUseProtection}
	return built
}

// HeldSlot is a slot with pods of blue whose rollout to 1.12 bluegreen has paused.
func HeldSlot() *appsv1.Deployment {
	slot := InUse(Blue)
	slot.Spec.Selector.MatchLabels = map[string]string{"name": "nginx", "slot": "blue"}
	slot.Spec.Template.Labels = map[string]string{"name": "nginx", "slot": "blue", "version": "1.12"}
	slot.Annotations = map[string]string{bluegreen.Serves: NoteServing(Blue), bluegreen.ResumeAfter: DeploymentUID + "/3/3"}
	slot.Spec.Paused = true
	return slot
}

// Changed returns an object after a change.
func Changed[O client.Object](object O, change func(O)) O {
	change(object)
	return object
}

// Deleted puts a Deployment under deletion, which its finalizers hold up.
func Deleted(deployment *appsv1.Deployment) *appsv1.Deployment {
	deployment.DeletionTimestamp = new(metav1.Now())
	return deployment
}

// InCache returns an object as a cache of this configuration hands it out.
func InCache[O client.Object](t *testing.T, configuration map[client.Object]cache.ByObject, object O) O {
	t.Helper()
	for kind, options := range configuration {
		if reflect.TypeOf(kind) != reflect.TypeFor[O]() {
			continue
		}
		held, err := options.Transform(object)
		if err != nil {
			t.Fatal(err)
		}
		return held.(client.Object).DeepCopyObject().(O)
	}
	t.Fatalf("the cache is not configured for a %T", object)
	return object
}
