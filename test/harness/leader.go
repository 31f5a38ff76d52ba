package harness

import (
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

const (
	// Release is the name of the Helm release, and of most objects in it.
	Release = "bluegreen"
	// Installed is the namespace of the release.
	Installed = "bluegreen-system"
)

// Pods returns the pods of bluegreen.
func (c *Cluster) Pods(t testing.TB) []corev1.Pod {
	t.Helper()
	pods, err := c.CoreV1().Pods(Installed).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=bluegreen"})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

// AwaitLeader waits until another pod than one that was runs the controllers, and returns its name.
func (c *Cluster) AwaitLeader(t testing.TB, other string) string {
	t.Helper()
	leases := cache.NewListWatchFromClient(c.CoordinationV1().RESTClient(), "leases", Installed, Named(Release))
	lease := Await(t, leases, "a leader other than "+other, func(lease *coordinationv1.Lease) bool {
		return leader(lease) != "" && leader(lease) != other
	})
	return leader(lease)
}

// leader returns the name of the pod that holds the lease, or "".
func leader(lease *coordinationv1.Lease) string {
	pod, _, _ := strings.Cut(ptr.Deref(lease.Spec.HolderIdentity, ""), "_")
	return pod
}
