//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestLeaderKilled takes the leader away while a switch is pending: the other pod carries it out.
func TestLeaderKilled(t *testing.T) {
	ns, r := twoVersions(t)
	scale(t, ns, "nginx-1.11", 0)
	awaitAvailable(t, ns, "nginx-1.11", 0)
	ask(t, r, ns, "1.11")
	awaitService(t, ns, "nginx", "a pending switch", pending)

	stream := streamAsks(t, ns, 3)
	killed := time.Now()
	killLeader(t) // Only then may the switch happen: the pod that was killed had no part in it.
	t.Logf("another leader %.1f s after the first was killed", time.Since(killed).Seconds())
	scale(t, ns, "nginx-1.11", 3)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	assertSwitched(t, r.Judge(t).Switches)

	awaitAvailable(t, installed, release, 2)
	stream.end(t)
	for _, err := range stream.failed {
		t.Errorf("a write failed: %v", err)
	}
}

// killLeader kills bluegreen's leader, and waits until another pod leads.
func killLeader(t *testing.T) {
	t.Helper()
	old := cluster.AwaitLeader(t, "")
	kubectl(t, "delete", "pod", old, "--namespace", installed, "--force", "--grace-period=0")
	cluster.AwaitLeader(t, old)
}

// awaitLook waits until the leader has looked at the Services of a namespace: one that it did not know has moved.
func awaitLook(t *testing.T, namespace string) {
	t.Helper()
	createService(t, namespace, "beside", "1.10", "1.11")
	awaitVersion(t, namespace, "beside", "1.11")
}

// TestNoPods takes both pods away.
func TestNoPods(t *testing.T) {
	ns, r := twoVersions(t)
	scale(t, installed, release, 0)
	t.Cleanup(func() { kubectl(t, "scale", "deployment", release, "--namespace", installed, "--replicas=2") })
	kubectl(t, "wait", "--for=delete", "pod", "--namespace", installed, "-l", "app.kubernetes.io/name=bluegreen", "--timeout=60s")

	assertSafeWithoutWebhook(t, ns, r)
	asked := getService(t, ns, "nginx")
	if asked.Spec.Selector["version"] != "1.10" {
		t.Errorf("selector %v with nobody there to move it", asked.Spec.Selector)
	}

	scale(t, installed, release, 2)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	assertSwitched(t, r.Judge(t).Switches)
	awaitAvailable(t, installed, release, 2)
	cluster.AwaitWebhook(t)
}

// TestNoWebhookConfiguration deletes the webhook configuration, as by mistake, and has Helm restore it.
func TestNoWebhookConfiguration(t *testing.T) {
	ns, r := twoVersions(t)
	kubectl(t, "delete", "mutatingwebhookconfiguration", release)
	t.Cleanup(func() { helm(t, append([]string{"upgrade"}, installArgs()...)...) })

	assertSafeWithoutWebhook(t, ns, r)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")

	helm(t, append([]string{"upgrade"}, installArgs()...)...)
	cluster.AwaitWebhook(t)
	printed := kubectl(t, "patch", "service", "nginx", "--namespace", ns, "-p", `{"spec":{"selector":{"version":"1.10"}}}`)
	contains(t, printed.Stderr, "Warning: bluegreen: spec.selector[version]: traffic stays on version 1.11")
	assertSwitched(t, r.Judge(t).Switches)
}

// assertSafeWithoutWebhook writes to Services while no webhook admits: Service nginx, live on 1.10, is asked for 1.11.
func assertSafeWithoutWebhook(t *testing.T, ns string, r *harness.Requests) {
	t.Helper()
	createService(t, ns, "plain", "1.10", "")
	kubectl(t, "patch", "service", "plain", "--namespace", ns, "-p", `{"spec":{"selector":{"version":"1.11"}}}`)
	kubectl(t, "label", "service", "nginx", "--namespace", ns, "team=web")

	printed := harness.Try(t, "kubectl", "patch", "service", "nginx", "--namespace", ns, "-p", `{"spec":{"selector":{"version":"1.11"}}}`)
	if printed.Err == nil {
		t.Error("a write that moves traffic was accepted")
	}
	contains(t, printed.Stderr, "Service "+ns+"/nginx keeps its selector: it is managed (annotation bluegreen/target-version), "+
		"and only bluegreen changes the selector of a managed Service", "To switch: ")

	r.Asked("1.11")
	command := commandIn(t, printed.Stderr, "To switch: ")
	if want := "kubectl annotate service nginx -n " + ns + " " + bluegreen.TargetVersion + "=1.11 --overwrite"; command != want {
		t.Fatalf("the refusal ends in %q, want %q", command, want)
	}
	harness.Run(t, "sh", "-c", command)
}

// TestRollingRestart replaces both pods under a stream of asks: none fails, and none goes past the webhook.
func TestRollingRestart(t *testing.T) {
	ns := namespace(t)
	var old []string
	for _, pod := range cluster.Pods(t) {
		old = append(old, "pod/"+pod.Name)
	}
	stream := streamAsks(t, ns, 10)
	kubectl(t, "rollout", "restart", "deployment/"+release, "--namespace", installed)
	kubectl(t, "rollout", "status", "deployment/"+release, "--namespace", installed, "--timeout=90s")
	kubectl(t, append([]string{"wait", "--for=delete", "--namespace", installed, "--timeout=60s"}, old...)...)
	stream.assertAllAdmitted(t)
}
