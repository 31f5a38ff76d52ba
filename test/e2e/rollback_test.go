//go:build e2e

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestRollback switches to a version that loses a pod then, which a quota does not let it have again. Traffic returns, to a Deployment
// that was deleted meanwhile and that only bluegreen keeps, long after its drain. Then the version has its pod again, the leader is
// killed, and the same is applied: traffic stays, until it is asked for again.
func TestRollback(t *testing.T) {
	ns, r := twoVersions(t)
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.AutoRollback+"=10m", bluegreen.Drain+"=1s")
	ask(t, r, ns, "1.11")
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	kubectl(t, "delete", "deployment", "nginx-1.10", "--namespace", ns, "--wait=false")

	mark := cluster.MarkAudit(t)
	r.Asked("1.10")
	limitPods(t, ns, 6)
	pod := podsOfVersion(t, ns, "1.11")[0]
	giveTo(t, pod, "nobody") // It goes on serving.
	back := awaitService(t, ns, "nginx", "a rollback", func(s *corev1.Service) bool { return phaseOf(s) == bluegreen.RolledBack })
	r.AwaitAnswer(t, "1.10")
	awaitEvent(t, ns, "nginx", bluegreen.ReasonRolledBack, "Version 1.11 was rolled back ")
	message := back.Annotations[bluegreen.MessageKey]
	contains(t, message, "(Deployment nginx-1.11: not available since ", "exceeded quota: small", "traffic stays on version 1.10",
		"Deployment nginx-1.10: serves and is being deleted")
	if writes := controllersWrites(mark.Writes(t, ns), "nginx"); len(writes) != 1 {
		t.Errorf("%d writes of the Service by bluegreen, want the rollback: %+v", len(writes), writes)
	}

	mark = cluster.MarkAudit(t)
	giveTo(t, pod, pod.Labels["pod-template-hash"])
	awaitAvailable(t, ns, "nginx-1.11", 3)
	killLeader(t)
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "1.11"); err != nil {
		t.Fatal(err)
	}
	awaitLook(t, ns)
	if s := getService(t, ns, "nginx"); phaseOf(s) != bluegreen.RolledBack || s.Spec.Selector["version"] != "1.10" {
		t.Fatalf("phase %s, selector %v", phaseOf(s), s.Spec.Selector)
	}
	if writes := controllersWrites(mark.Writes(t, ns), "nginx"); len(writes) > 0 {
		t.Errorf("bluegreen wrote it: %+v", writes)
	}

	retry, _, _ := strings.Cut(commandIn(t, message, "or for this one again: "), ";")
	r.Asked("1.11")
	harness.Run(t, "sh", "-c", retry)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	assertSwitched(t, r.Judge(t).Switches)
}

// giveTo gives a pod to the ReplicaSet of a hash.
func giveTo(t *testing.T, pod corev1.Pod, hash string) {
	t.Helper()
	kubectl(t, "label", "pod", pod.Name, "--namespace", pod.Namespace, "pod-template-hash="+hash, "--overwrite")
}
