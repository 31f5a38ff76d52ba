//go:build e2e

package e2e

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestDeadline asks for a version that is not ready in time, has it become ready later, kills the leader, applies the same again, and
// then tries again.
func TestDeadline(t *testing.T) {
	ns, r := twoVersions(t)
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.Deadline+"=4s")
	scale(t, ns, "nginx-1.11", 0)
	awaitAvailable(t, ns, "nginx-1.11", 0)
	ask(t, r, ns, "1.11")
	const why = "Version 1.11 was not ready 4s after it was asked for (Deployment nginx-1.11: has 0 replicas"
	awaitEvent(t, ns, "nginx", bluegreen.ReasonFailed, why)
	failed := getService(t, ns, "nginx")
	retry := commandIn(t, failed.Annotations[bluegreen.MessageKey], "or for this one again: ")
	expectFailed := func() {
		t.Helper()
		if s := getService(t, ns, "nginx"); phaseOf(s) != bluegreen.Failed || s.Spec.Selector["version"] != "1.10" {
			t.Fatalf("phase %s, selector %v", phaseOf(s), s.Spec.Selector)
		}
	}
	expectFailed()

	mark := cluster.MarkAudit(t)
	scale(t, ns, "nginx-1.11", 3)
	awaitAvailable(t, ns, "nginx-1.11", 3)
	killLeader(t)
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "1.11"); err != nil {
		t.Fatal(err)
	}
	awaitLook(t, ns)
	expectFailed()
	if writes := controllersWrites(mark.Writes(t, ns), "nginx"); len(writes) > 0 {
		t.Errorf("bluegreen wrote it: %+v", writes)
	}

	harness.Run(t, "sh", "-c", retry)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	assertSwitched(t, r.Judge(t).Switches)
}
