//go:build e2e

package chaos

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// leader returns the pod that runs the controllers.
func leader(t *testing.T) corev1.Pod {
	t.Helper()
	pod, err := cluster.CoreV1().Pods(harness.Installed).Get(t.Context(), cluster.AwaitLeader(t, ""), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return *pod
}

// signal sends a signal to bluegreen's process in a pod.
func signal(t *testing.T, pod corev1.Pod, name string) {
	t.Helper()
	_, container, _ := strings.Cut(pod.Status.ContainerStatuses[0].ContainerID, "://")
	node := pod.Spec.NodeName
	onNode(t, node, "ctr", "--address", "/run/bluegreen/"+node+"/containerd.sock", "--namespace", "k8s.io",
		"tasks", "kill", "--signal", name, container)
}

func killLeader(t *testing.T) func(*testing.T) {
	signal(t, leader(t), "SIGKILL")
	return nil
}

func killBoth(t *testing.T) func(*testing.T) {
	for _, pod := range cluster.Pods(t) {
		signal(t, pod, "SIGKILL")
	}
	return nil
}

// freezeLeader stops the process longer than its Lease runs: when it goes on, it still believes that it leads.
func freezeLeader(t *testing.T) func(*testing.T) {
	pod := leader(t)
	signal(t, pod, "SIGSTOP")
	return func(t *testing.T) { signal(t, pod, "SIGCONT") }
}

// cutLeader drops what the leader sends to the API server. The API server still reaches its webhook.
func cutLeader(t *testing.T) func(*testing.T) {
	return cut(t, leader(t), apiService(t))
}

// cutBoth drops what the pods send to the API server, and what they answer to it.
func cutBoth(t *testing.T) func(*testing.T) {
	host, err := url.Parse(cluster.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	to := apiService(t) + "," + host.Hostname()
	var ends []func(*testing.T)
	for _, pod := range cluster.Pods(t) {
		ends = append(ends, cut(t, pod, to))
	}
	return func(t *testing.T) {
		for _, end := range ends {
			end(t)
		}
	}
}

// apiService returns the address by which pods call the API server.
func apiService(t *testing.T) string {
	t.Helper()
	service, err := cluster.CoreV1().Services(metav1.NamespaceDefault).Get(t.Context(), "kubernetes", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return service.Spec.ClusterIP
}

// cut drops on a pod's node what the pod sends to addresses, before any other rule sees it.
func cut(t *testing.T, pod corev1.Pod, addresses string) func(*testing.T) {
	t.Helper()
	table := "chaos-" + pod.Name
	onNode(t, pod.Spec.NodeName, "nft", fmt.Sprintf(
		"table ip %s { chain cut { type filter hook prerouting priority raw; ip saddr %s ip daddr { %s } drop; }; }",
		table, pod.Status.PodIP, addresses))
	return func(t *testing.T) { onNode(t, pod.Spec.NodeName, "nft", "delete table ip "+table) }
}

// clock rolls out an image whose clock is off, one pod after the other, so that for a while each pod has a clock of its own. See
// build-with-clock.
func clock(tag string) func(*testing.T) func(*testing.T) {
	return func(t *testing.T) func(*testing.T) {
		image := "bluegreen:" + tag
		if tag == "behind" {
			awaitCertificate(t)
		}
		rollOut(t, image)
		return func(t *testing.T) {
			if !slices.ContainsFunc(cluster.Pods(t), func(pod corev1.Pod) bool { return pod.Spec.Containers[0].Image == image && ready(pod) }) {
				t.Errorf("no pod of %s is ready yet", image)
			}
			rollOut(t, harness.Image())
		}
	}
}

// awaitCertificate waits until the API server's certificate was valid 5 minutes ago: with a clock that is so far behind, nothing reaches
// one of a newer cluster.
func awaitCertificate(t *testing.T) {
	t.Helper()
	address, err := url.Parse(cluster.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := tls.Dial("tcp", address.Host, &tls.Config{InsecureSkipVerify: true}) // It only looks at the date.
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	time.Sleep(time.Until(connection.ConnectionState().PeerCertificates[0].NotBefore.Add(5 * time.Minute)))
}

func ready(pod corev1.Pod) bool {
	return len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].Ready
}

func rollOut(t *testing.T, image string) {
	t.Helper()
	harness.Run(t, "kubectl", "set", "image", "deployment/"+harness.Release, "webhook="+image, "--namespace", harness.Installed)
}

// stopNode cuts the power of the leader's node. No pod that answers requests runs there.
func stopNode(t *testing.T) func(*testing.T) {
	script(t, "stop", leader(t).Spec.NodeName)
	return clusterUp
}
