//go:build e2e

package clients

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// setReady makes the pods of a version ready, and waits until the Deployment controller has seen it. The Deployment is made
// when it is first spoken of.
func (ns *namespace) setReady(version string) {
	ns.Helper()
	ns.play(version, corev1.ConditionTrue)
}

// setUnready is setReady for pods that are ready no longer.
func (ns *namespace) setUnready(version string) {
	ns.Helper()
	ns.play(version, corev1.ConditionFalse)
}

// play is the kubelet of a version's pods.
func (ns *namespace) play(version string, ready corev1.ConditionStatus) {
	ns.Helper()
	name := service + "-" + version
	_, err := cluster.AppsV1().Deployments(ns.name).Create(ns.Context(), deployment(name, version), metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		ns.Fatal(err)
	}
	pods := cache.NewListWatchFromClient(cluster.CoreV1().RESTClient(), "pods", ns.name, fields.Everything())
	pod := harness.Await(ns, pods, "a pod of version "+version, func(pod *corev1.Pod) bool { return pod.Labels["version"] == version })
	patch := fmt.Appendf(nil, `{"status":{"conditions":[{"type":"Ready","status":%q,"lastTransitionTime":%q}]}}`,
		ready, pod.CreationTimestamp.UTC().Format(time.RFC3339))
	_, err = cluster.CoreV1().Pods(ns.name).
		Patch(ns.Context(), pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		ns.Fatal(err)
	}
	deployments := cache.NewListWatchFromClient(cluster.AppsV1().RESTClient(), "deployments", ns.name, harness.Named(name))
	harness.Await(ns, deployments, "Deployment "+name+" to see its pod", func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration >= d.Generation && (d.Status.AvailableReplicas > 0) == (ready == corev1.ConditionTrue)
	})
}

// deployment is one whose pods no scheduler takes, so that only a test makes them ready.
func deployment(name, version string) *appsv1.Deployment {
	labels := map[string]string{"app": service, "version": version}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					SchedulerName:                "nobody",
					AutomountServiceAccountToken: new(false),
					Containers:                   []corev1.Container{{Name: "nginx", Image: "nginx:" + version}},
				},
			},
		},
	}
}
