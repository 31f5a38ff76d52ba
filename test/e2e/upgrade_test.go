//go:build e2e && upgrade

package e2e

import (
	"flag"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

var before = flag.String("before", "", "`directory` of the chart of the version before, whose image is bluegreen:before")

// beforeArgs are installArgs for the version before.
func beforeArgs() []string {
	return []string{release, *before, "--namespace", installed, "--set", "image.repository=bluegreen", "--set", "image.tag=before"}
}

// TestUpgrade upgrades bluegreen from the version before, goes back, and upgrades again. Meanwhile a switch is held, what serves is
// under deletion, people ask, and requests are sent.
func TestUpgrade(t *testing.T) {
	ns := namespace(t)
	t.Cleanup(func() { upgradeTo(t, installArgs()) })
	runVersion(t, beforeArgs())
	r := hold(t, ns)
	stream := streamAsks(t, ns, 5)
	for _, version := range [][]string{installArgs(), beforeArgs(), installArgs()} {
		runVersion(t, version)
		assertHeld(t, ns)
	}
	stream.assertAllAdmitted(t)

	r.Asked("1.11")
	scale(t, ns, "nginx-1.11", 2)
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=90s")
	report := r.Judge(t)
	assertSwitched(t, report.Switches)
	t.Logf("%d requests and %d asks", report.Total, stream.count)
}

func upgradeTo(t *testing.T, args []string) {
	t.Helper()
	helm(t, append([]string{"upgrade"}, args...)...)
	kubectl(t, "rollout", "status", "deployment/"+release, "--namespace", installed, "--timeout=2m")
}

// runVersion upgrades or downgrades, and returns once the pods of that version serve alone.
func runVersion(t *testing.T, args []string) {
	t.Helper()
	upgradeTo(t, args)
	awaitAvailable(t, installed, release, 2)
	cluster.AwaitWebhook(t)
	tag := args[len(args)-1][len("image.tag="):]
	for _, pod := range cluster.Pods(t) {
		if image := pod.Spec.Containers[0].Image; pod.DeletionTimestamp == nil && !strings.HasSuffix(image, ":"+tag) {
			t.Errorf("pod %s runs %s, want tag %s", pod.Name, image, tag)
		}
	}
}

// hold asks for a version that has no replicas, and deletes the Deployment that serves, under requests.
func hold(t *testing.T, ns string) *harness.Requests {
	t.Helper()
	createDeployment(t, ns, "1.10", 2)
	createDeployment(t, ns, "1.11", 0)
	createService(t, ns, "nginx", "1.10", "1.10")
	awaitAvailable(t, ns, "nginx-1.10", 2)
	awaitProtected(t, ns, "nginx-1.10")
	r := send(t, ns, "nginx", "1.10")
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "1.11"); err != nil {
		t.Fatal(err)
	}
	awaitService(t, ns, "nginx", "a pending switch", pending)
	deleteAndKeep(t, ns, "nginx-1.10")
	return r
}

// assertHeld wants traffic on 1.10, whoever writes, and that kept.
func assertHeld(t *testing.T, ns string) {
	t.Helper()
	harness.Try(t, "kubectl", "patch", "service", "nginx", "--namespace", ns, "-p", `{"spec":{"selector":{"version":"1.11"}}}`)
	service := getService(t, ns, "nginx")
	if version := service.Spec.Selector["version"]; version != "1.10" || phaseOf(service) != bluegreen.Waiting {
		t.Errorf("traffic is on %s, in phase %s; want 1.10, Waiting", version, phaseOf(service))
	}
	kept := awaitDeployment(t, ns, "nginx-1.10", "been deleted, and stayed", deleted)
	if !bluegreen.Protected(kept) || kept.Status.ReadyReplicas != 2 {
		t.Errorf("finalizers %v and %d ready replicas of what serves", kept.Finalizers, kept.Status.ReadyReplicas)
	}
}
