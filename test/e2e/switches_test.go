//go:build e2e

package e2e

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

const manySwitches = 20

// TestSwitchesWhenReady switches to and fro between versions that are both ready.
func TestSwitchesWhenReady(t *testing.T) {
	ns, r := twoVersions(t)
	mark := markAudit(t)
	for range manySwitches / 2 {
		for _, version := range []string{"1.11", "1.10"} {
			r.switchTo(t, ns, version)
		}
	}
	report := r.judge(t)
	assertSwitched(t, report.Switches)
	for i, writes := range perSwitch(t, mark.writes(t, ns)) {
		if len(writes) != 1 || !writes[0].moves() {
			t.Errorf("switch %d took %d writes besides the ask, want one, which moves traffic: %+v", i+1, len(writes), writes)
		}
	}
}

// TestSwitchesWhenHeld asks each time for a version without pods, which then get some.
func TestSwitchesWhenHeld(t *testing.T) {
	ns, r := twoVersions(t)
	services := record[*corev1.Service](t, cluster.CoreV1().Services(ns).Watch)
	deployments := record[*appsv1.Deployment](t, cluster.AppsV1().Deployments(ns).Watch)
	mark := markAudit(t)
	var delays []time.Duration
	for i := range manySwitches {
		version := []string{"1.11", "1.10"}[i%2]
		name := "nginx-" + version
		scale(t, ns, name, 0)
		awaitAvailable(t, ns, name, 0)
		start := time.Now()
		r.asked(version)
		if _, err := ask(t.Context(), ns, "nginx", version); err != nil {
			t.Fatal(err)
		}
		awaitService(t, ns, "nginx", "a pending switch", pending)
		scale(t, ns, name, 3)
		awaitVersion(t, ns, "nginx", version)
		r.awaitAnswer(t, version)
		available, moved := becameAvailable(deployments.since(start), name), reachedVersion(services.since(start), version)
		if available.IsZero() || moved.IsZero() {
			t.Fatalf("the watches have not shown %s available (%v) and live (%v)", name, available, moved)
		}
		delays = append(delays, moved.Sub(available))
	}
	assertSwitched(t, r.judge(t).Switches)
	for i, writes := range perSwitch(t, mark.writes(t, ns)) {
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
func twoVersions(t *testing.T) (string, *requests) {
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

// switchTo asks for a version that is ready, and waits until it answers.
func (r *requests) switchTo(t *testing.T, namespace, version string) {
	t.Helper()
	r.asked(version)
	if _, err := ask(t.Context(), namespace, "nginx", version); err != nil {
		t.Fatal(err)
	}
	awaitVersion(t, namespace, "nginx", version)
	r.awaitAnswer(t, version)
}

// perSwitch returns the controller's writes after each ask.
func perSwitch(t *testing.T, writes []write) [][]write {
	t.Helper()
	var switches [][]write
	for _, w := range writes {
		switch {
		case w.byController() && len(switches) > 0:
			last := len(switches) - 1
			switches[last] = append(switches[last], w)
		case w.asks():
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
func assertHeldWrites(t *testing.T, number int, writes []write) {
	t.Helper()
	var moves int
	var messages []string
	for _, w := range writes {
		if w.moves() {
			moves++
		} else if message := w.RequestObject.Metadata.Annotations[bluegreen.MessageKey]; message != nil {
			messages = append(messages, *message)
		}
	}
	if moves != 1 || !writes[len(writes)-1].moves() {
		t.Errorf("switch %d: %d writes move traffic, want one, the last", number, moves)
	}
	if len(messages) > 2 || len(messages)+moves != len(writes) || len(slices.Compact(messages)) != len(messages) {
		t.Errorf("switch %d took %d writes besides the ask, want one per change of reason: %q", number, len(writes), messages)
	}
}

// milliseconds prints a duration as people compare it.
func milliseconds(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }
