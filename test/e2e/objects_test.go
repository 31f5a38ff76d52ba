//go:build e2e

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// createService creates a Service name with a selector on a version; managed when it asks for a target.
func createService(t *testing.T, namespace, name, version, target string) *corev1.Service {
	t.Helper()
	service := harness.NewService(name, version, target)
	made, err := cluster.CoreV1().Services(namespace).Create(t.Context(), service, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// createDeployment creates nginx-VERSION, with some changes of its container.
func createDeployment(t *testing.T, namespace, version string, replicas int32, changes ...func(*corev1.Container)) {
	t.Helper()
	deployment := harness.NewDeployment(version, replicas)
	for _, change := range changes {
		change(&deployment.Spec.Template.Spec.Containers[0])
	}
	if _, err := cluster.AppsV1().Deployments(namespace).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
