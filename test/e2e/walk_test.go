//go:build e2e

package e2e

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// walk is the nginx example, walked as the README tells it. Its steps build on one another.
type walk struct {
	*harness.Requests
	namespace string
}

func TestWalk(t *testing.T) {
	w := &walk{namespace: namespace(t)}
	w.kubectl(t, "apply", "-f", example("blue.yaml"), "-f", example("service.yaml"))
	awaitAvailable(t, w.namespace, "nginx-1.10", 3)
	w.Requests = send(t, w.namespace, "nginx", "1.10")

	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"annotate", w.annotate},
		{"apply both", w.applyBoth},
		{"patch the old selector", w.patchOldSelector},
		{"scaled to zero", w.scaledToZero},
		{"no such version", w.noSuchVersion},
		{"not a label", w.notALabel},
		{"give back", w.giveBack},
	} {
		if !t.Run(step.name, step.run) {
			t.FailNow()
		}
	}
	w.Judge(t)
}

func (w *walk) kubectl(t *testing.T, args ...string) harness.Output {
	t.Helper()
	return kubectl(t, append([]string{"--namespace", w.namespace}, args...)...)
}

// sh runs a command that bluegreen printed, as it stands.
func (w *walk) sh(t *testing.T, command string) {
	t.Helper()
	harness.Run(t, "sh", "-c", command)
}

// annotate asks for a version whose pods are not ready yet.
func (w *walk) annotate(t *testing.T) {
	w.kubectl(t, "apply", "-f", example("green.yaml"))
	w.Asked("1.11")
	w.kubectl(t, "annotate", "service", "nginx", bluegreen.TargetVersion+"=1.11", "--overwrite")
	waiting := awaitPhase(t, w.namespace, "nginx", bluegreen.Waiting, waitsFor("1.11"))
	if version := waiting.Spec.Selector["version"]; version != "1.10" {
		t.Errorf("traffic is on %s while 1.11 is not ready", version)
	}
	awaitEvent(t, w.namespace, "nginx", bluegreen.ReasonNotAvailable, "Asked to move from version 1.10 to version 1.11: "+waitsFor("1.11"))
	contains(t, w.kubectl(t, "describe", "service", "nginx").Stdout, "bluegreen/phase: Waiting", "bluegreen/attempt: ",
		"bluegreen/message: "+waitsFor("1.11"), "NotAvailable", "Selector:", "version=1.10")

	w.waitForVersion(t, "1.11")
	awaitEvent(t, w.namespace, "nginx", bluegreen.ReasonSwitched, "Traffic moved from version 1.10 to version 1.11, ")
	contains(t, w.kubectl(t, "describe", "service", "nginx").Stdout, "bluegreen/last-switch: 1.10/1.11/")
}

// applyBoth asks by the manifest, which has the new version in annotation and selector.
func (w *walk) applyBoth(t *testing.T) {
	w.kubectl(t, "apply", "-f", edited(t, "green.yaml", `1\.11`, "1.12"))
	w.Asked("1.12")
	printed := w.kubectl(t, "apply", "-f", edited(t, "service.yaml", `1\.10`, "1.12"))
	contains(t, printed.Stderr, "Warning: bluegreen: spec.selector[version]: traffic stays on version 1.11 until version 1.12 is ready")
	waiting := awaitPhase(t, w.namespace, "nginx", bluegreen.Waiting, waitsFor("1.12"))
	if version := waiting.Spec.Selector["version"]; version != "1.11" {
		t.Errorf("traffic is on %s while 1.12 is not ready", version)
	}
	w.sh(t, commandIn(t, printed.Stderr, "to wait for that: "))
	w.AwaitAnswer(t, "1.12")
}

// patchOldSelector is the last line of the script that people use to switch today.
func (w *walk) patchOldSelector(t *testing.T) {
	printed := w.kubectl(t, "patch", "svc", "nginx", "-p", `{"spec":{"selector":{"name":"nginx","version":"1.10"}}}`)
	contains(t, printed.Stderr, "Warning: bluegreen: spec.selector[version]: traffic stays on version 1.12")
	service := getService(t, w.namespace, "nginx")
	if service.Spec.Selector["version"] != "1.12" || phaseOf(service) != bluegreen.Stable {
		t.Errorf("selector %v, phase %s", service.Spec.Selector, phaseOf(service))
	}

	command := commandIn(t, printed.Stderr, "to switch: ")
	w.Asked("1.10")
	w.sh(t, command)
	w.waitForVersion(t, "1.10")
}

// scaledToZero asks for a version whose Deployment has no pods.
func (w *walk) scaledToZero(t *testing.T) {
	w.kubectl(t, "scale", "deployment", "nginx-1.11", "--replicas=0")
	awaitAvailable(t, w.namespace, "nginx-1.11", 0)
	w.Asked("1.11")
	w.kubectl(t, "annotate", "service", "nginx", bluegreen.TargetVersion+"=1.11", "--overwrite")
	awaitPhase(t, w.namespace, "nginx", bluegreen.Waiting, "Deployment nginx-1.11: has 0 replicas: scale it up with "+
		"kubectl scale deployment nginx-1.11 -n "+w.namespace+" --replicas=N")
	awaitEvent(t, w.namespace, "nginx", bluegreen.ReasonScaledToZero,
		"Asked to move from version 1.10 to version 1.11: Deployment nginx-1.11: has 0 replicas")

	w.kubectl(t, "scale", "deployment", "nginx-1.11", "--replicas=3")
	w.waitForVersion(t, "1.11")
}

func (w *walk) noSuchVersion(t *testing.T) {
	w.Asked("9.99")
	w.kubectl(t, "annotate", "service", "nginx", bluegreen.TargetVersion+"=9.99", "--overwrite")
	waiting := awaitPhase(t, w.namespace, "nginx", bluegreen.Waiting, "No Deployment has pods labelled name=nginx,version=9.99: "+
		"create it, or set bluegreen/target-version to a version that runs")
	if version := waiting.Spec.Selector["version"]; version != "1.11" {
		t.Errorf("traffic is on %s", version)
	}
}

func (w *walk) notALabel(t *testing.T) {
	before := getService(t, w.namespace, "nginx")
	printed := harness.Try(t, "kubectl", "-n", w.namespace, "annotate", "service", "nginx",
		bluegreen.TargetVersion+"=not a label!", "--overwrite")
	if printed.Err == nil {
		t.Error("accepted")
	}
	contains(t, printed.Stderr, "metadata.annotations[bluegreen/target-version]", `Invalid value: "not a label!"`, "must be a label value",
		"alphanumeric")
	if after := getService(t, w.namespace, "nginx"); after.ResourceVersion != before.ResourceVersion {
		t.Error("the Service was written")
	}
}

// giveBack gives the Service back, with traffic where it was.
func (w *walk) giveBack(t *testing.T) {
	printed := w.kubectl(t, "annotate", "service", "nginx", bluegreen.TargetVersion+"-")
	contains(t, printed.Stderr, "Warning: bluegreen: bluegreen/target-version removed", "traffic stays on version 1.11")
	service := getService(t, w.namespace, "nginx")
	if len(bluegreen.Annotations(service)) > 0 || service.Spec.Selector["version"] != "1.11" {
		t.Errorf("annotations %v, selector %v", service.Annotations, service.Spec.Selector)
	}
	w.Asked("1.10")
	w.kubectl(t, "patch", "svc", "nginx", "-p", `{"spec":{"selector":{"name":"nginx","version":"1.10"}}}`)
	w.AwaitAnswer(t, "1.10")
}

// waitForVersion waits as the README says.
func (w *walk) waitForVersion(t *testing.T, version string) {
	t.Helper()
	w.kubectl(t, "wait", "service/nginx", "--for=jsonpath={.spec.selector.version}="+version, "--timeout=60s")
	if phase := phaseOf(getService(t, w.namespace, "nginx")); phase != bluegreen.Stable {
		t.Errorf("phase %s after the switch", phase)
	}
	w.AwaitAnswer(t, version)
}

func waitsFor(version string) string {
	return "Deployment nginx-" + version + ": waiting for MinimumReplicasAvailable"
}
