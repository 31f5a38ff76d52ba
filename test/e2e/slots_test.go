//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// slot is what a revision of a chart says of one of two Deployments.
type slot struct {
	version  string
	replicas int
}

// slots is a revision of the chart with two slots.
type slots struct {
	live        string
	blue, green slot
}

// values returns the chart's values.
func (revision slots) values() []string {
	return []string{
		"live=" + revision.live,
		"drain=3s",
		"startup=1",
		"blue.version=" + revision.blue.version,
		fmt.Sprintf("blue.replicas=%d", revision.blue.replicas),
		"green.version=" + revision.green.version,
		fmt.Sprintf("green.replicas=%d", revision.green.replicas),
	}
}

// TestTwoSlots walks a chart with a blue and a green Deployment through four upgrades, a rollback and another upgrade, each as soon as
// the one before has moved traffic. From the second upgrade on a write changes the version of the slot that serves, or has just served.
func TestTwoSlots(t *testing.T) {
	withEachWriter(t, "two slots: four upgrades, a rollback, an upgrade", twoSlots)
}

func twoSlots(t *testing.T, ns string, by writer) traffic.Report {
	revisions := []slots{
		{
			live:  "1.10",
			blue:  slot{"1.10", 2},
			green: slot{"1.11", 0},
		},
		{
			live:  "1.11",
			blue:  slot{"1.10", 0},
			green: slot{"1.11", 2},
		},
		{
			live:  "1.12",
			blue:  slot{"1.12", 2},
			green: slot{"1.11", 0},
		},
		{
			live:  "1.10",
			blue:  slot{"1.12", 0},
			green: slot{"1.10", 2},
		},
		{
			live:  "1.11",
			blue:  slot{"1.11", 2},
			green: slot{"1.10", 0},
		},
	}
	by.write(t, ns, "slots", revisions[0].values()...)
	awaitAvailable(t, ns, "nginx-blue", 2)
	r := send(t, ns, "nginx", "1.10")
	r.SlowToo(t)
	arrive := func(version string) {
		t.Helper()
		awaitVersion(t, ns, "nginx", version)
		r.AwaitAnswer(t, version)
	}
	for i, version := range []string{"1.11", "1.12", "1.10", "1.11"} {
		r.Asked(version)
		by.write(t, ns, "slots", revisions[i+1].values()...)
		arrive(version)
	}
	r.Asked("1.10")
	by.back(t, ns, 4, "slots", revisions[3].values()...)
	arrive("1.10")
	r.Asked("1.12")
	by.write(t, ns, "slots", revisions[2].values()...)
	arrive("1.12")

	awaitSlot(t, ns, "nginx-blue", "1.12", 2)
	awaitSlot(t, ns, "nginx-green", "1.11", 0)
	awaitPhase(t, ns, "nginx", bluegreen.Stable, "")
	report := r.Judge(t)
	assertSwitched(t, report.Switches)
	return report
}

// awaitSlot waits until a Deployment is as its manifest says, with nothing of it held.
func awaitSlot(t *testing.T, namespace, name, version string, replicas int32) {
	t.Helper()
	what := fmt.Sprintf("version %s and %d replicas, available", version, replicas)
	awaitDeployment(t, namespace, name, what, func(d *appsv1.Deployment) bool {
		return d.Spec.Template.Labels["version"] == version && *d.Spec.Replicas == replicas && !d.Spec.Paused &&
			d.Annotations[bluegreen.ResumeAfter] == "" && d.Annotations[bluegreen.ScaleToZeroAfter] == "" &&
			d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == replicas && d.Status.AvailableReplicas == replicas
	})
}

// TestALiveSlotRelabelledByMistake changes the version label of the slot that serves, and nothing else; and puts it right.
func TestALiveSlotRelabelledByMistake(t *testing.T) {
	withEachWriter(t, "two slots: the live slot is relabelled by mistake, and put right", liveSlotRelabelledByMistake)
}

func liveSlotRelabelledByMistake(t *testing.T, ns string, by writer) traffic.Report {
	by.write(t, ns, "slots", "drain=3s")
	awaitAvailable(t, ns, "nginx-blue", 2)
	awaitProtected(t, ns, "nginx-blue")
	r := send(t, ns, "nginx", "1.10")
	r.SlowToo(t)
	before := podNames(t, ns, "1.10")

	printed := by.write(t, ns, "slots", "drain=3s", "blue.version=1.12")
	contains(t, printed.Stderr, "the pods of Deployment nginx-blue keep name=nginx,version=1.10 while they serve")
	awaitPhase(t, ns, "nginx", bluegreen.Stable, "Deployment nginx-blue: serves name=nginx,version=1.10, and its new pod labels would take "+
		"its pods out of the Service, so its rollout is paused: put the labels back, or ask for bluegreen/target-version=1.12")
	by.write(t, ns, "slots", "drain=3s")
	awaitSlot(t, ns, "nginx-blue", "1.10", 2)
	awaitPhase(t, ns, "nginx", bluegreen.Stable, "")
	if after := podNames(t, ns, "1.10"); !slices.Equal(after, before) {
		t.Errorf("pods %q, were %q: something was restarted", after, before)
	}
	r.AwaitAnswer(t, "1.10")
	return r.Judge(t)
}

func podNames(t *testing.T, namespace, version string) []string {
	t.Helper()
	var names []string
	for _, pod := range podsOfVersion(t, namespace, version) {
		names = append(names, pod.Name)
	}
	slices.Sort(names)
	return names
}

// TestPodsAreTakenOverFromADeploymentThatIsBeingDeleted goes the way out that the message names, under requests.
func TestPodsAreTakenOverFromADeploymentThatIsBeingDeleted(t *testing.T) {
	ns := namespace(t)
	helmUpgrade(t, "helm", ns, "versioned", "version=1.10")
	awaitAvailable(t, ns, "nginx-1.10", 2)
	awaitProtected(t, ns, "nginx-1.10")
	r := send(t, ns, "nginx", "1.10")
	r.SlowToo(t)
	before := podNames(t, ns, "1.10")

	kubectl(t, "delete", "deployment", "nginx-1.10", "--namespace", ns, "--wait=false")
	told := awaitPhase(t, ns, "nginx", bluegreen.Stable, frozen(ns)).Annotations[bluegreen.MessageKey]
	command, _, _ := strings.Cut(told[strings.Index(told, "kubectl "):], ", and apply")
	harness.Run(t, "sh", "-c", command)
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=60s")
	helmUpgrade(t, "helm", ns, "versioned", "version=1.10")
	awaitAvailable(t, ns, "nginx-1.10", 2)
	awaitProtected(t, ns, "nginx-1.10")
	awaitPhase(t, ns, "nginx", bluegreen.Stable, "")
	if after := podNames(t, ns, "1.10"); !slices.Equal(after, before) {
		t.Errorf("pods %q, were %q: something was restarted", after, before)
	}
	r.Judge(t)
}
