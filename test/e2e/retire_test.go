//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestRetirement has blue go to 0 replicas some time after the switch, though the leader dies in between. Scaled up again, blue stays so,
// until traffic has come back to it and left it once more.
func TestRetirement(t *testing.T) {
	const after = 10 * time.Second
	ns, r := twoVersions(t)
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.Drain+"=1s", bluegreen.RetireAfter+"="+after.String())
	mark := cluster.MarkAudit(t)

	switchTo(t, r, ns, "1.11")
	awaitEvent(t, ns, "nginx-1.10", bluegreen.ReasonRetiring, "traffic of Service nginx has left it; it goes to 0 replicas at ")
	killLeader(t)
	awaitRetired(t, ns, "nginx-1.10")
	if stayed := time.Since(mark.Moves(t, ns)[0]); stayed < after-time.Second { // Instants are noted in whole seconds.
		t.Errorf("it is at 0 replicas after %s", stayed)
	}

	scale(t, ns, "nginx-1.10", 2)
	awaitAvailable(t, ns, "nginx-1.10", 2)
	switchTo(t, r, ns, "1.10")
	awaitRetired(t, ns, "nginx-1.11")
	if blue := awaitDeployment(t, ns, "nginx-1.10", "blue", func(*appsv1.Deployment) bool { return true }); *blue.Spec.Replicas != 2 {
		t.Errorf("blue has %d replicas", *blue.Spec.Replicas)
	}

	ask(t, r, ns, "1.11")
	waiting := awaitService(t, ns, "nginx", "a wait", func(s *corev1.Service) bool {
		return strings.Contains(s.Annotations[bluegreen.MessageKey], "has 0 replicas")
	})
	up, _, _ := strings.Cut(commandIn(t, waiting.Annotations[bluegreen.MessageKey], "scale it up with "), "=N")
	harness.Run(t, "sh", "-c", up+"=3")
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	awaitRetired(t, ns, "nginx-1.10")
	assertSwitched(t, r.Judge(t).Switches)
}

// awaitRetired waits until bluegreen has scaled a Deployment to 0, and has nothing more to do with it.
func awaitRetired(t *testing.T, namespace, name string) {
	t.Helper()
	awaitDeployment(t, namespace, name, "0 replicas", func(d *appsv1.Deployment) bool {
		return *d.Spec.Replicas == 0 && !bluegreen.Unfinished(d)
	})
}
