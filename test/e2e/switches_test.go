//go:build e2e

package e2e

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

const manySwitches = 20

// TestSwitchesWhenReady switches to and fro between versions that are both ready.
func TestSwitchesWhenReady(t *testing.T) {
	ns, r := twoVersions(t)
	mark := cluster.MarkAudit(t)
	for range manySwitches / 2 {
		for _, version := range []string{"1.11", "1.10"} {
			switchTo(t, r, ns, version)
		}
	}
	report := r.Judge(t)
	assertSwitched(t, report.Switches)
	for i, writes := range perSwitch(t, mark.Writes(t, ns)) {
		if len(writes) != 1 || !writes[0].Moves() {
			t.Errorf("switch %d took %d writes besides the ask, want one, which moves traffic: %+v", i+1, len(writes), writes)
		}
	}
}

// TestSwitchesWhenHeld asks each time for a version without pods, which then get some.
func TestSwitchesWhenHeld(t *testing.T) {
	ns, r := twoVersions(t)
	services := record[*corev1.Service](t, cluster.CoreV1().Services(ns).Watch)
	deployments := record[*appsv1.Deployment](t, cluster.AppsV1().Deployments(ns).Watch)
	mark := cluster.MarkAudit(t)
	var delays []time.Duration
	for i := range manySwitches {
		version := []string{"1.11", "1.10"}[i%2]
		name := "nginx-" + version
		scale(t, ns, name, 0)
		awaitAvailable(t, ns, name, 0)
		start := time.Now()
		r.Asked(version)
		if _, err := cluster.Ask(t.Context(), ns, "nginx", version); err != nil {
			t.Fatal(err)
		}
		awaitService(t, ns, "nginx", "a pending switch", pending)
		scale(t, ns, name, 3)
		awaitVersion(t, ns, "nginx", version)
		r.AwaitAnswer(t, version)
		available, moved := becameAvailable(deployments.since(start), name), reachedVersion(services.since(start), version)
		if available.IsZero() || moved.IsZero() {
			t.Fatalf("the watches have not shown %s available (%v) and live (%v)", name, available, moved)
		}
		delays = append(delays, moved.Sub(available))
	}
	assertSwitched(t, r.Judge(t).Switches)
	for i, writes := range perSwitch(t, mark.Writes(t, ns)) {
		assertHeldWrites(t, i+1, writes)
	}
	slices.Sort(delays)
	t.Logf("from the Deployment's condition True to the selector's new value, %d switches: median %s, worst %s",
		len(delays), milliseconds(delays[len(delays)/2]), milliseconds(delays[len(delays)-1]))
}

// pending reports whether a switch waits for what the message says.
func pending(service *corev1.Service) bool {
	return phaseOf(service) == bluegreen.Waiting && service.Annotations[bluegreen.MessageKey] != ""
}

// twoVersions sets up Service nginx, live on 1.10, and ready Deployments of 1.10 and 1.11, and sends requests.
func twoVersions(t *testing.T) (string, *harness.Requests) {
	t.Helper()
	ns := namespace(t)
	for _, version := range []string{"1.10", "1.11"} {
		createDeployment(t, ns, version, 3)
	}
	createService(t, ns, "nginx", "1.10", "1.10")
	for _, name := range []string{"nginx-1.10", "nginx-1.11"} {
		awaitAvailable(t, ns, name, 3)
	}
	return ns, send(t, ns, "nginx", "1.10")
}

// send starts requests at a Service that serves a version.
func send(t *testing.T, namespace, name, version string) *harness.Requests {
	t.Helper()
	return cluster.Send(t, namespace, name, version, 200)
}

// ask asks Service nginx for a version, and has the requests know.
func ask(t *testing.T, r *harness.Requests, namespace, version string) {
	t.Helper()
	r.Asked(version)
	if _, err := cluster.Ask(t.Context(), namespace, "nginx", version); err != nil {
		t.Fatal(err)
	}
}

// switchTo asks for a version that is ready, and waits until it answers.
func switchTo(t *testing.T, r *harness.Requests, namespace, version string) {
	t.Helper()
	ask(t, r, namespace, version)
	awaitVersion(t, namespace, "nginx", version)
	r.AwaitAnswer(t, version)
}

// perSwitch returns the controller's writes after each ask.
func perSwitch(t *testing.T, writes []harness.Write) [][]harness.Write {
	t.Helper()
	var switches [][]harness.Write
	for _, w := range writes {
		switch {
		case w.ByController() && len(switches) > 0:
			last := len(switches) - 1
			switches[last] = append(switches[last], w)
		case w.Asks():
			switches = append(switches, nil)
		default:
			t.Errorf("nobody expected this write: %+v", w)
		}
	}
	if len(switches) != manySwitches {
		t.Errorf("%d asks in the audit log, want %d", len(switches), manySwitches)
	}
	return switches
}

// assertHeldWrites wants one write for each of the two reasons of a hold (no replicas, then not available), and one that
// moves traffic, which is the last.
func assertHeldWrites(t *testing.T, number int, writes []harness.Write) {
	t.Helper()
	var moves int
	var messages []string
	for _, w := range writes {
		if w.Moves() {
			moves++
		} else if message := w.RequestObject.Metadata.Annotations[bluegreen.MessageKey]; message != nil {
			messages = append(messages, *message)
		}
	}
	if moves != 1 || !writes[len(writes)-1].Moves() {
		t.Errorf("switch %d: %d writes move traffic, want one, the last", number, moves)
	}
	if len(messages) > 2 || len(messages)+moves != len(writes) || len(slices.Compact(messages)) != len(messages) {
		t.Errorf("switch %d took %d writes besides the ask, want one per change of reason: %q", number, len(writes), messages)
	}
}

// milliseconds prints a duration as people compare it.
func milliseconds(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }

// assertSwitched wants an answer of every version that was asked for.
func assertSwitched(t *testing.T, switches []traffic.Switch) {
	t.Helper()
	for i, s := range switches {
		if s.FirstNew.IsZero() {
			t.Errorf("switch %d: version %s never answered", i+1, s.To)
		}
	}
	t.Logf("%d switches", len(switches))
}
