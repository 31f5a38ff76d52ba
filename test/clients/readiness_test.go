//go:build e2e

package clients

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// setReady says that the pods of a version are ready, or no longer, and waits until the Deployment controller has seen it.
// The Deployment is made when it is first spoken of.
func (c *cell) setReady(version string, ready bool) {
	c.Helper()
	name := service + "-" + version
	_, err := cluster.AppsV1().Deployments(c.namespace).Create(c.Context(), deployment(name, version), metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		c.Fatal(err)
	}
	pod := await(c, cluster.CoreV1().RESTClient(), "pods", fields.Everything(), "a pod of version "+version, func(pod *corev1.Pod) bool {
		return pod.Labels["version"] == version
	})
	status := map[bool]string{true: "True", false: "False"}[ready]
	patch := fmt.Appendf(nil, `{"status":{"conditions":[{"type":"Ready","status":%q,"lastTransitionTime":%q}]}}`,
		status, pod.CreationTimestamp.UTC().Format("2006-01-02T15:04:05Z"))
	if _, err := cluster.CoreV1().Pods(c.namespace).Patch(c.Context(), pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		c.Fatal(err)
	}
	await(c, cluster.AppsV1().RESTClient(), "deployments", named(name), "Deployment "+name+" to see its pod", func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration >= d.Generation && (d.Status.AvailableReplicas > 0) == ready
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
					AutomountServiceAccountToken: ptr.To(false),
					Containers:                   []corev1.Container{{Name: "nginx", Image: "nginx:" + version}},
				},
			},
		},
	}
}
