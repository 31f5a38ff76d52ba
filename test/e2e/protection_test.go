//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// helms are the programs helm 3 and helm 4.
var helms = []string{"helm3", "helm"}

// helmUpgrade installs or upgrades release app of a chart in testdata.
func helmUpgrade(t *testing.T, program, namespace, chart string, values ...string) harness.Output {
	t.Helper()
	args := []string{"upgrade", "app", "testdata/" + chart, "--install", "--namespace", namespace}
	for _, value := range values {
		args = append(args, "--set-string", value)
	}
	return harness.Run(t, program, args...)
}

// TestUpgradeThatDeletesBlue upgrades a chart that names its Deployment by version: the upgrade that asks for 1.11 deletes the
// Deployment of 1.10, long before 1.11 is ready.
func TestUpgradeThatDeletesBlue(t *testing.T) {
	withEachWriter(t, "a Deployment for each version: an upgrade that deletes blue", upgradeThatDeletesBlue)
}

func upgradeThatDeletesBlue(t *testing.T, ns string, by writer) traffic.Report {
	by.write(t, ns, "versioned", "version=1.10")
	awaitAvailable(t, ns, "nginx-1.10", 2)
	r := send(t, ns, "nginx", "1.10")
	r.SlowToo(t)

	r.Asked("1.11")
	asked := time.Now()
	// A kubelet counts initialDelaySeconds from the whole second in which the container started: it can end up to a second early.
	by.write(t, ns, "versioned", "version=1.11", "startup=21")
	blue := awaitDeployment(t, ns, "nginx-1.10", "been deleted, and stayed", deleted)
	if !bluegreen.Protected(blue) {
		t.Errorf("finalizers %v", blue.Finalizers)
	}
	waiting := awaitPhase(t, ns, "nginx", bluegreen.Waiting, waitsFor("1.11")+"; "+frozen(ns))
	if version := waiting.Spec.Selector["version"]; version != "1.10" {
		t.Errorf("traffic is on %s while 1.11 is not ready", version)
	}

	awaitVersion(t, ns, "nginx", "1.11")
	if took := time.Since(asked); took < 20*time.Second {
		t.Errorf("traffic moved %s after the ask, but 1.11 takes 20 s to become ready", took)
	}
	r.AwaitAnswer(t, "1.11")
	moved := time.Now()
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
	if drained := time.Since(moved); drained < 29*time.Second {
		t.Errorf("blue went %s after traffic had left it", drained)
	}
	kubectl(t, "wait", "--for=delete", "pod", "--selector=version=1.10", "--namespace", ns, "--timeout=60s")
	awaitPhase(t, ns, "nginx", bluegreen.Stable, "")
	report := r.Judge(t)
	assertSwitched(t, report.Switches)
	return report
}

// frozen is the message of a Service about a Deployment nginx-1.10 that serves it and is being deleted.
func frozen(namespace string) string {
	return "Deployment nginx-1.10: serves and is being deleted: its pods are kept, and its spec is frozen, until traffic moves; " +
		"ask for another version to finish its deletion, or take its pods over: kubectl delete deployment nginx-1.10 -n " + namespace +
		" --cascade=orphan --wait=false, and apply its manifest again"
}

// TestUpgradeThatScalesBlueDown upgrades a chart with a blue and a green Deployment, where one upgrade asks for green and takes
// the replicas of blue away; and then back again.
func TestUpgradeThatScalesBlueDown(t *testing.T) {
	for _, program := range helms {
		t.Run(program, func(t *testing.T) {
			ns := namespace(t)
			helmUpgrade(t, program, ns, "slots")
			awaitAvailable(t, ns, "nginx-blue", 2)
			r := send(t, ns, "nginx", "1.10")

			r.Asked("1.11")
			printed := helmUpgrade(t, program, ns, "slots", "live=1.11", "blue.replicas=0", "green.replicas=2")
			contains(t, printed.Stderr, "bluegreen: spec.replicas: stays 2 while Deployment nginx-blue serves Service nginx")
			awaitVersion(t, ns, "nginx", "1.11")
			r.AwaitAnswer(t, "1.11")
			awaitAvailable(t, ns, "nginx-blue", 0)

			r.Asked("1.10")
			helmUpgrade(t, program, ns, "slots", "live=1.10", "blue.replicas=2", "green.replicas=0")
			awaitVersion(t, ns, "nginx", "1.10")
			r.AwaitAnswer(t, "1.10")
			awaitAvailable(t, ns, "nginx-green", 0)
			awaitAvailable(t, ns, "nginx-blue", 2)
			assertSwitched(t, r.Judge(t).Switches)
		})
	}
}

// TestForegroundDeletion deletes what serves in the foreground, which is refused, and then as the refusal says.
func TestForegroundDeletion(t *testing.T) {
	ns, r := twoVersions(t)
	awaitProtected(t, ns, "nginx-1.10")
	printed := harness.Try(t, "kubectl", "delete", "deployment", "nginx-1.10", "--namespace", ns, "--cascade=foreground")
	if printed.Err == nil {
		t.Error("foreground deletion of what serves was accepted")
	}
	contains(t, printed.Stderr, "Deployment "+ns+"/nginx-1.10 is in use (finalizer bluegreen/in-use-protection), "+
		"and foreground deletion would end its pods at once")
	harness.Run(t, "sh", "-c", commandIn(t, printed.Stderr, "once traffic has moved: ")+" --wait=false")

	printed = harness.Try(t, "kubectl", "annotate", "service", "nginx", "--namespace", ns, bluegreen.TargetVersion+"-")
	if printed.Err == nil {
		t.Error("giving back the Service, by which what serves would die, was accepted")
	}
	contains(t, printed.Stderr, "cannot be changed now: Deployment nginx-1.10 serves and is being deleted")

	switchTo(t, r, ns, "1.11")
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
	assertSwitched(t, r.Judge(t).Switches)
}

func awaitProtected(t *testing.T, namespace, name string) {
	t.Helper()
	awaitDeployment(t, namespace, name, "the finalizer", bluegreen.Protected)
}

// TestWithdrawnByUpgrade takes an ask back by upgrading to the version that serves, whose Deployment the ask's own upgrade
// deleted: it is kept until traffic moves elsewhere, and then a later upgrade deploys it anew.
func TestWithdrawnByUpgrade(t *testing.T) {
	for _, program := range helms {
		t.Run(program, func(t *testing.T) {
			ns := namespace(t)
			helmUpgrade(t, program, ns, "versioned", "version=1.10")
			awaitAvailable(t, ns, "nginx-1.10", 2)
			r := send(t, ns, "nginx", "1.10")

			helmUpgrade(t, program, ns, "versioned", "version=1.11", "startup=300")
			helmUpgrade(t, program, ns, "versioned", "version=1.10")
			awaitPhase(t, ns, "nginx", bluegreen.Stable, frozen(ns))

			for _, version := range []string{"1.12", "1.10"} {
				r.Asked(version)
				helmUpgrade(t, program, ns, "versioned", "version="+version)
				awaitVersion(t, ns, "nginx", version)
				r.AwaitAnswer(t, version)
			}
			awaitAvailable(t, ns, "nginx-1.10", 2)
			assertSwitched(t, r.Judge(t).Switches)
		})
	}
}

// TestRollbackOfHelm3 rolls back while the switch is pending: Helm 3 then writes the Deployment under deletion without the
// finalizer, which alone keeps what serves.
func TestRollbackOfHelm3(t *testing.T) {
	ns := namespace(t)
	helmUpgrade(t, "helm3", ns, "versioned", "version=1.10")
	awaitAvailable(t, ns, "nginx-1.10", 2)
	r := send(t, ns, "nginx", "1.10")

	helmUpgrade(t, "helm3", ns, "versioned", "version=1.11", "startup=300")
	printed := harness.Run(t, "helm3", "rollback", "app", "1", "--namespace", ns)
	contains(t, printed.Stderr, "bluegreen: metadata.finalizers: keeps "+bluegreen.InUseProtection+", because Deployment nginx-1.10 serves")
	awaitPhase(t, ns, "nginx", bluegreen.Stable, frozen(ns))

	r.Asked("1.12")
	helmUpgrade(t, "helm3", ns, "versioned", "version=1.12")
	awaitVersion(t, ns, "nginx", "1.12")
	r.AwaitAnswer(t, "1.12")
	assertSwitched(t, r.Judge(t).Switches)
}
