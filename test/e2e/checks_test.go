//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestChecks has a Job look at a version through its preview before it gets traffic, and through the Service after that, though the leader
// dies while each runs; then one that fails before the switch, and one that fails after it. Each runs once.
func TestChecks(t *testing.T) {
	withChecks(t)
	ns, r := twoVersions(t)
	open := gate(t, ns)
	kubectl(t, "apply", "--namespace", ns, "-f", filepath.Join(cluster.Root, "examples/checks"))
	standIn(t, ns)
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.AutoRollback+"=10m", bluegreen.Drain+"=1s",
		bluegreen.PrePromotionCheck+"=smoke", bluegreen.PostPromotionCheck+"=smoke")

	mark := cluster.MarkAudit(t)
	ask(t, r, ns, "1.11")
	awaitEvent(t, ns, "nginx", bluegreen.ReasonCheckStarted, "Job nginx-check-")
	awaitPhaseAndReason(t, ns, bluegreen.Checking, "Version 1.11 is ready, and is being checked: kubectl logs job/nginx-check-")
	killLeader(t)
	awaitLook(t, ns)
	if s := getService(t, ns, "nginx"); phaseOf(s) != bluegreen.Checking || s.Spec.Selector["version"] != "1.10" {
		t.Fatalf("phase %s, selector %v", phaseOf(s), s.Spec.Selector)
	}
	open()
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	checked := awaitService(t, ns, "nginx", "a version that was checked after the switch", func(s *corev1.Service) bool {
		return strings.HasSuffix(s.Annotations[bluegreen.ChecksKey], "/Succeeded")
	})
	if message := checked.Annotations[bluegreen.MessageKey]; phaseOf(checked) != bluegreen.Stable || message != "" {
		t.Errorf("phase %s, message %q", phaseOf(checked), message)
	}
	// Three of the check (the preview, its start, its Job), the switch, the check after it, and its result.
	if writes := controllersWrites(mark.Writes(t, ns), "nginx"); len(writes) != 6 {
		t.Errorf("%d writes of the Service by bluegreen: %+v", len(writes), writes)
	}
	expectStarted(t, ns, 2)

	createPicky(t, ns)
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.PrePromotionCheck+"=picky", "--overwrite")
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "1.10"); err != nil {
		t.Fatal(err)
	}
	failed := awaitPhaseAndReason(t, ns, bluegreen.Failed, "Version 1.10 failed its check before the switch (Job nginx-check-")
	see, _, _ := strings.Cut(commandIn(t, failed.Annotations[bluegreen.MessageKey], "to see why: "), "):")
	contains(t, harness.Run(t, "sh", "-c", see).Stdout, "want version 9.9, and Service nginx-preview answers")
	killLeader(t)
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "1.10"); err != nil {
		t.Fatal(err)
	}
	awaitAnotherLook(t, ns)
	if s := getService(t, ns, "nginx"); phaseOf(s) != bluegreen.Failed || s.Spec.Selector["version"] != "1.11" {
		t.Fatalf("phase %s, selector %v", phaseOf(s), s.Spec.Selector)
	}

	open = gate(t, ns)
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.PrePromotionCheck+"-", bluegreen.PostPromotionCheck+"=picky",
		bluegreen.Retry+"=2", "--overwrite")
	r.Asked("1.10")
	awaitVersion(t, ns, "nginx", "1.10")
	r.AwaitAnswer(t, "1.10")
	awaitPhaseAndReason(t, ns, bluegreen.Stable, "Version 1.10 is live, and is being checked: kubectl logs job/nginx-check-")
	killLeader(t)
	r.Asked("1.11")
	open()
	back := awaitService(t, ns, "nginx", "a rollback", func(s *corev1.Service) bool { return phaseOf(s) == bluegreen.RolledBack })
	contains(t, back.Annotations[bluegreen.MessageKey], "Version 1.10 was rolled back ", "(Job nginx-check-", " has failed ",
		"traffic stays on version 1.11")
	r.AwaitAnswer(t, "1.11")
	assertSwitched(t, r.Judge(t).Switches)
	expectStarted(t, ns, 4)
	kubectl(t, "delete", "service", "nginx", "--namespace", ns)
	kubectl(t, "wait", "--for=delete", "job", "--all", "--namespace", ns, "--timeout=60s")
}

// withChecks gives the installation the right to run Jobs, until the test ends.
func withChecks(t *testing.T) {
	t.Helper()
	install(t)
	before := cluster.Pods(t)
	helm(t, append([]string{"upgrade", "--set", "checks.enabled=true"}, installArgs()...)...)
	t.Cleanup(func() {
		helm(t, append([]string{"upgrade"}, installArgs()...)...)
		kubectl(t, "rollout", "status", "deployment", release, "--namespace", installed, "--timeout=2m")
	})
	awaitAvailable(t, installed, release, 2)
	for _, pod := range before { // It may lead until it ends.
		kubectl(t, "wait", "--for=delete", "pod", pod.Name, "--namespace", installed, "--timeout=60s")
	}
}

// gate keeps pods of checks from nodes, and returns what opens it.
func gate(t *testing.T, namespace string) (open func()) {
	t.Helper()
	shut := func() { kubectl(t, "label", "nodes", "--all", namespace+"-") }
	shut()
	t.Cleanup(shut)
	return func() {
		t.Helper()
		kubectl(t, "label", "nodes", "--all", namespace+"=open", "--overwrite")
	}
}

// standIn has CronJob smoke of the examples run a program that this cluster has, once there is a node for it.
func standIn(t *testing.T, namespace string) {
	t.Helper()
	kubectl(t, "patch", "cronjob", "smoke", "--namespace", namespace, "--patch", fmt.Sprintf(`{"spec": {"jobTemplate": {"spec": {"template":
		{"spec": {"nodeSelector": {%q: "open"}, "containers": [{"name": "smoke", "image": "nginx:1.12", "command": null,
		"args": ["check"]}]}}}}}}`, namespace))
}

// createPicky creates CronJob picky, which is smoke, but wants a version that there is not.
func createPicky(t *testing.T, namespace string) {
	t.Helper()
	cronJobs := cluster.BatchV1().CronJobs(namespace)
	smoke, err := cronJobs.Get(t.Context(), "smoke", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	picky := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: "picky"}, Spec: smoke.Spec}
	picky.Spec.JobTemplate.Spec.Template.Spec.Containers[0].Args = []string{"check", "9.9"}
	if _, err := cronJobs.Create(t.Context(), picky, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// awaitPhaseAndReason waits until Service nginx is in a phase, with a message that begins so.
func awaitPhaseAndReason(t *testing.T, namespace string, phase bluegreen.Phase, message string) *corev1.Service {
	t.Helper()
	return awaitService(t, namespace, "nginx", "phase "+string(phase)+", "+message, func(s *corev1.Service) bool {
		return phaseOf(s) == phase && strings.HasPrefix(s.Annotations[bluegreen.MessageKey], message)
	})
}

// awaitAnotherLook waits until the leader has looked at the Services of a namespace, after an awaitLook.
func awaitAnotherLook(t *testing.T, namespace string) {
	t.Helper()
	if _, err := cluster.Ask(t.Context(), namespace, "beside", "1.10"); err != nil {
		t.Fatal(err)
	}
	awaitVersion(t, namespace, "beside", "1.10")
}

// expectStarted compares how many checks have been started.
func expectStarted(t *testing.T, namespace string, want int) {
	t.Helper()
	events, err := cluster.EventsV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	started := 0
	for _, event := range events.Items {
		if event.Reason == string(bluegreen.ReasonCheckStarted) && event.Regarding.Name == "nginx" {
			started++
		}
	}
	if started != want {
		t.Errorf("%d checks were started, want %d", started, want)
	}
}
