//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestMetrics asks for the metrics as nobody, as somebody without the right to see them, and as somebody with it.
func TestMetrics(t *testing.T) {
	ns := namespace(t)
	tokens := map[int]string{
		http.StatusUnauthorized: "",
		http.StatusForbidden:    serviceAccount(t, ns, "stranger"),
		http.StatusOK:           scraper(t, ns),
	}
	for pod, address := range metricsAddresses(t) {
		for want, token := range tokens {
			status, body := get(t, address, token)
			if status != want {
				t.Errorf("%s answers %d, want %d:\n%.500s", pod, status, want, body)
			}
			if want == http.StatusOK {
				contains(t, body, "bluegreen_switches_total", "process_cpu_seconds_total")
			}
		}
	}
}

// metricsAddresses returns the URL of every pod's metrics, by the pod's name.
func metricsAddresses(t *testing.T) map[string]string {
	t.Helper()
	addresses := map[string]string{}
	for _, pod := range cluster.Pods(t) {
		addresses[pod.Name] = "https://" + pod.Status.PodIP + ":8443/metrics"
	}
	return addresses
}

// get returns status and body of a page, asked for with a token.
func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The metrics are served with a certificate that the process made for itself.
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

var cpuMetric = regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)$`)

// cpuSeconds returns the CPU time that every pod has used, by its name.
func cpuSeconds(t *testing.T, token string) map[string]float64 {
	t.Helper()
	used := map[string]float64{}
	for pod, address := range metricsAddresses(t) {
		_, body := get(t, address, token)
		match := cpuMetric.FindStringSubmatch(body)
		if match == nil {
			t.Fatalf("%s has no process_cpu_seconds_total:\n%.500s", pod, body)
		}
		seconds, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		used[pod] = seconds
	}
	return used
}

// serviceAccount creates a ServiceAccount and returns a token of it.
func serviceAccount(t *testing.T, namespace, name string) string {
	t.Helper()
	accounts := cluster.CoreV1().ServiceAccounts(namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := accounts.Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	request, err := accounts.CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

// scraper returns the token of somebody who may read metrics by the role that the chart brings.
func scraper(t *testing.T, namespace string) string {
	t.Helper()
	token := serviceAccount(t, namespace, "scraper")
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace + "-scraper"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: release + "-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "scraper"}},
	}
	bindings := cluster.RbacV1().ClusterRoleBindings()
	if _, err := bindings.Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bindings.Delete(context.Background(), binding.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	awaitAllowed(t, "system:serviceaccount:"+namespace+":scraper")
	return token
}

// awaitAllowed waits until the API server has taken notice of the binding, which cannot be watched: the pods would remember
// a refusal.
func awaitAllowed(t *testing.T, user string) {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:                  user,
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
	}}
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, harness.Patience, true, func(ctx context.Context) (bool, error) {
		answer, err := cluster.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		return err == nil && answer.Status.Allowed, err
	})
	if err != nil {
		t.Fatalf("waiting for %s to be allowed to read metrics: %v", user, err)
	}
}
