//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// namespace makes a namespace of the test's own, with bluegreen there to work in it, and removes it afterwards.
func namespace(t *testing.T) string {
	t.Helper()
	return namespaceOf(t, metav1.ObjectMeta{GenerateName: "e2e-"})
}

// namespaceOf makes a namespace as namespace does, of a name that the test chooses.
func namespaceOf(t *testing.T, name metav1.ObjectMeta) string {
	t.Helper()
	install(t)
	made, err := cluster.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: name}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			cluster.Explain(t, made.Name)
		}
		kubectl(t, "delete", "namespace", made.Name)
	})
	return made.Name
}

func awaitService(t *testing.T, namespace, name, what string, condition func(*corev1.Service) bool) *corev1.Service {
	t.Helper()
	return cluster.AwaitService(t, namespace, name, "have "+what, condition)
}

func awaitDeployment(t *testing.T, namespace, name, what string, condition func(*appsv1.Deployment) bool) *appsv1.Deployment {
	t.Helper()
	return cluster.AwaitDeployment(t, namespace, name, "have "+what, condition)
}

// awaitPhase waits until the Service is in a phase with a message.
func awaitPhase(t *testing.T, namespace, name string, phase bluegreen.Phase, message string) *corev1.Service {
	t.Helper()
	return awaitService(t, namespace, name, fmt.Sprintf("phase %s and message %q", phase, message), func(s *corev1.Service) bool {
		return phaseOf(s) == phase && s.Annotations[bluegreen.MessageKey] == message
	})
}

// awaitVersion waits until the Service's selector is on a version.
func awaitVersion(t *testing.T, namespace, name, version string) *corev1.Service {
	t.Helper()
	return awaitService(t, namespace, name, "selector version="+version, func(s *corev1.Service) bool {
		return s.Spec.Selector["version"] == version
	})
}

// awaitEvent waits until an Event about an object of the name has a reason and a note that starts so.
func awaitEvent(t *testing.T, namespace, name string, reason bluegreen.Reason, note string) {
	t.Helper()
	all := cache.NewListWatchFromClient(cluster.EventsV1().RESTClient(), "events", namespace, fields.Everything())
	harness.Await(t, all, fmt.Sprintf("an Event %s: %s", reason, note), func(e *eventsv1.Event) bool {
		return e.Regarding.Name == name && e.Reason == string(reason) && strings.HasPrefix(e.Note, note)
	})
}

func awaitAvailable(t *testing.T, namespace, name string, replicas int32) {
	t.Helper()
	awaitDeployment(t, namespace, name, fmt.Sprintf("%d replicas, all available and no others", replicas), func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration >= d.Generation && d.Status.Replicas == replicas &&
			d.Status.UpdatedReplicas == replicas && d.Status.AvailableReplicas == replicas
	})
}

// deleted reports whether somebody has deleted the Deployment, which a finalizer may keep.
func deleted(deployment *appsv1.Deployment) bool { return deployment.DeletionTimestamp != nil }

func phaseOf(service *corev1.Service) bluegreen.Phase {
	return bluegreen.Phase(service.Annotations[bluegreen.PhaseKey])
}

func getService(t *testing.T, namespace, name string) *corev1.Service {
	t.Helper()
	service, err := cluster.CoreV1().Services(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// scale sets a Deployment's number of replicas through the scale subresource.
func scale(t *testing.T, namespace, name string, replicas int) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas)
	_, err := cluster.AppsV1().Deployments(namespace).Patch(t.Context(), name, types.MergePatchType, []byte(patch),
		metav1.PatchOptions{}, "scale")
	if err != nil {
		t.Fatal(err)
	}
}
