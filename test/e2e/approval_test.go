//go:build e2e

package e2e

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestApproval has a version that is ready wait for its approval, past its deadline and the death of the leader, and go back with one.
func TestApproval(t *testing.T) {
	ns, r := twoVersions(t)
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.Promote+"=manual", bluegreen.Deadline+"=2s")
	mark := cluster.MarkAudit(t)
	ask(t, r, ns, "1.11")
	paused := awaitService(t, ns, "nginx", "a pause", func(s *corev1.Service) bool { return phaseOf(s) == bluegreen.Paused })
	approve := commandIn(t, paused.Annotations[bluegreen.MessageKey], "waits for approval: ")
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.ApprovedVersion+"=1.12")
	killLeader(t)
	awaitLook(t, ns) // The deadline is over by now.
	if s := getService(t, ns, "nginx"); phaseOf(s) != bluegreen.Paused || s.Spec.Selector["version"] != "1.10" {
		t.Fatalf("phase %s, selector %v", phaseOf(s), s.Spec.Selector)
	}
	harness.Run(t, "sh", "-c", approve)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")

	ask(t, r, ns, "1.10")
	awaitEvent(t, ns, "nginx", bluegreen.ReasonNotApproved, "Asked to move from version 1.11 to version 1.10: Version 1.10 is ready")
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.ApprovedVersion+"=1.10", "--overwrite")
	awaitVersion(t, ns, "nginx", "1.10")
	r.AwaitAnswer(t, "1.10")
	assertSwitched(t, r.Judge(t).Switches)
	if writes := controllersWrites(mark.Writes(t, ns), "nginx"); len(writes) != 4 {
		t.Errorf("%d writes of the Service by bluegreen, want a pause and a switch, twice: %+v", len(writes), writes)
	}
}

// controllersWrites returns those of a Service by bluegreen.
func controllersWrites(writes []harness.Write, name string) []harness.Write {
	others := func(write harness.Write) bool { return !write.ByController() || write.ObjectRef.Name != name }
	return slices.DeleteFunc(slices.Clone(writes), others)
}
