//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestWaitingSaysWhatTheDeploymentReports asks for a version that a quota allows no pod of, pauses it and resumes it, and has traffic
// move to fewer pods than served.
func TestWaitingSaysWhatTheDeploymentReports(t *testing.T) {
	ns := namespace(t)
	createDeployment(t, ns, "1.10", 3)
	createService(t, ns, "nginx", "1.10", "1.10")
	awaitAvailable(t, ns, "nginx-1.10", 3)
	r := send(t, ns, "nginx", "1.10")
	limitPods(t, ns, 3)
	createDeployment(t, ns, "1.11", 1)

	ask(t, r, ns, "1.11")
	awaitMessage(t, ns, "its pods cannot be made: pods \"nginx-1.11-",
		"exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3",
		"; version 1.11 has fewer replicas than version 1.10, and traffic moves all the same")
	kubectl(t, "rollout", "pause", "deployment/nginx-1.11", "--namespace", ns)
	limitPods(t, ns, 9)
	kubectl(t, "scale", "deployment/nginx-1.11", "--namespace", ns, "--replicas=2")
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	awaitEvent(t, ns, "nginx", bluegreen.ReasonSwitched, "Traffic moved from version 1.10 to version 1.11, ")
	assertSwitched(t, r.Judge(t).Switches)
}

// awaitMessage waits until the message of Service nginx has all the parts.
func awaitMessage(t *testing.T, namespace string, parts ...string) {
	t.Helper()
	awaitService(t, namespace, "nginx", fmt.Sprintf("a message with %q", parts), func(s *corev1.Service) bool {
		for _, part := range parts {
			if !strings.Contains(s.Annotations[bluegreen.MessageKey], part) {
				return false
			}
		}
		return true
	})
}

// limitPods allows a namespace so many pods.
func limitPods(t *testing.T, namespace string, count int64) {
	t.Helper()
	quotas := cluster.CoreV1().ResourceQuotas(namespace)
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "small"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(count, resource.DecimalSI)}},
	}
	stored, err := quotas.Get(t.Context(), quota.Name, metav1.GetOptions{})
	if err != nil {
		_, err = quotas.Create(t.Context(), quota, metav1.CreateOptions{})
	} else {
		stored.Spec = quota.Spec
		_, err = quotas.Update(t.Context(), stored, metav1.UpdateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}
