//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// createLed creates a Service of the pods of nginx that has nginx as its leader, and no version in its manifest.
func createLed(t *testing.T, namespace, name, key string) {
	t.Helper()
	service := harness.NewService(name, "", "")
	delete(service.Spec.Selector, "version")
	service.Annotations = map[string]string{key: "nginx"}
	if _, err := cluster.CoreV1().Services(namespace).Create(t.Context(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestFollowersMoveWithTheirLeader switches a leader, a follower and a preview to and fro under requests to leader and follower, and
// measures how far apart their endpoints change.
func TestFollowersMoveWithTheirLeader(t *testing.T) {
	ns, r := twoVersions(t)
	createLed(t, ns, "nginx-pods", bluegreen.Follows)
	createLed(t, ns, "nginx-preview", bluegreen.PreviewOf)
	awaitVersion(t, ns, "nginx-pods", "1.10")
	awaitVersion(t, ns, "nginx-preview", "1.10")
	follower := send(t, ns, "nginx-pods", "1.10")
	endpoints := record[*discoveryv1.EndpointSlice](t, cluster.DiscoveryV1().EndpointSlices(ns).Watch)
	mark := cluster.MarkAudit(t)
	var spreads []time.Duration
	for range manySwitches / 2 {
		for _, version := range []string{"1.11", "1.10"} {
			start := time.Now()
			follower.Asked(version)
			switchTo(t, r, ns, version)
			follower.AwaitAnswer(t, version)
			awaitVersion(t, ns, "nginx-preview", version)
			spreads = append(spreads, spread(t, endpoints, start, version))
		}
	}
	assertSwitched(t, r.Judge(t).Switches)
	assertSwitched(t, follower.Judge(t).Switches)
	writes := mark.Writes(t, ns)
	for _, name := range []string{"nginx", "nginx-pods", "nginx-preview"} {
		if got := len(stored(controllersWrites(writes, name))); got != manySwitches {
			t.Errorf("%d writes of %s by bluegreen, want one for each of %d switches", got, name, manySwitches)
		}
	}
	table := markdown.Table{Head: []string{"switches", "from one's endpoints to the other's, median", "worst"}}
	table.Add(append([]string{fmt.Sprint(len(spreads))}, medianAndWorst(spreads)...)...)
	t.Log(table.String())
	if *update {
		if err := markdown.Fill(filepath.Join(cluster.Root, "docs/design.md"), "followers", "make followers-table", table.String()); err != nil {
			t.Fatal(err)
		}
	}
}

// stored returns the writes that were no dry runs.
func stored(writes []harness.Write) []harness.Write {
	return slices.DeleteFunc(writes, harness.Write.DryRun)
}

// spread returns how far apart the endpoints of leader and follower were first seen to be those of a version.
func spread(t *testing.T, endpoints *recording[*discoveryv1.EndpointSlice], start time.Time, version string) time.Duration {
	t.Helper()
	leads, follows := reachedPods(endpoints.since(start), "nginx", version), reachedPods(endpoints.since(start), "nginx-pods", version)
	if leads.IsZero() || follows.IsZero() {
		t.Fatalf("the watch has not shown version %s in the endpoints of leader (%v) and follower (%v)", version, leads, follows)
	}
	return leads.Sub(follows).Abs()
}

// reachedPods returns when an EndpointSlice of a Service was first seen with pods of a version.
func reachedPods(states []seen[*discoveryv1.EndpointSlice], service, version string) time.Time {
	of := func(endpoint discoveryv1.Endpoint) bool {
		return endpoint.TargetRef != nil && strings.HasPrefix(endpoint.TargetRef.Name, "nginx-"+version+"-")
	}
	for _, state := range states {
		if state.object.Labels[discoveryv1.LabelServiceName] == service && slices.ContainsFunc(state.object.Endpoints, of) {
			return state.at
		}
	}
	return time.Time{}
}

// TestAFollowerThatIsNotReadyHoldsItsLeader: its own Deployment of green has no pods. A crash of bluegreen changes nothing of that, and
// once there are pods, all move.
func TestAFollowerThatIsNotReadyHoldsItsLeader(t *testing.T) {
	ns, r := twoVersions(t)
	for version, replicas := range map[string]int32{"1.10": 1, "1.11": 0} {
		createAdmin(t, ns, version, replicas)
	}
	awaitAvailable(t, ns, "admin-1.10", 1)
	admin := harness.NewService("admin", "1.10", "")
	admin.Spec.Selector["name"] = "admin"
	admin.Annotations = map[string]string{bluegreen.Follows: "nginx"}
	if _, err := cluster.CoreV1().Services(ns).Create(t.Context(), admin, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitPhase(t, ns, "admin", bluegreen.Stable, "")
	follower := send(t, ns, "admin", "1.10")
	for _, requests := range []*harness.Requests{r, follower} {
		requests.Asked("1.11")
	}
	if _, err := cluster.Ask(t.Context(), ns, "nginx", "1.11"); err != nil {
		t.Fatal(err)
	}
	why := "Follower admin: Deployment admin-1.11: has 0 replicas: scale it up with kubectl scale deployment admin-1.11 -n " + ns +
		" --replicas=N"
	awaitService(t, ns, "nginx", "what it waits for", func(s *corev1.Service) bool {
		return strings.HasPrefix(s.Annotations[bluegreen.MessageKey], why)
	})
	killLeader(t)
	kubectl(t, "delete", "deployment", "nginx-1.10", "admin-1.10", "--namespace", ns, "--wait=false")
	for _, name := range []string{"nginx", "admin"} {
		if s := getService(t, ns, name); s.Spec.Selector["version"] != "1.10" {
			t.Errorf("%s moved to %v", name, s.Spec.Selector)
		}
	}
	harness.Run(t, "sh", "-c", strings.Replace(commandIn(t, why, "scale it up with "), "=N", "=1", 1))
	for name, requests := range map[string]*harness.Requests{"nginx": r, "admin": follower} {
		awaitVersion(t, ns, name, "1.11")
		requests.AwaitAnswer(t, "1.11")
	}
	for _, report := range []traffic.Report{r.Judge(t), follower.Judge(t)} {
		assertSwitched(t, report.Switches)
	}
}

// createAdmin creates a Deployment admin-VERSION, whose pods nginx does not select.
func createAdmin(t *testing.T, namespace, version string, replicas int32) {
	t.Helper()
	deployment := harness.NewDeployment(version, replicas)
	labels := map[string]string{"name": "admin", "version": version}
	deployment.Name, deployment.Labels, deployment.Spec.Selector.MatchLabels = "admin-"+version, labels, labels
	deployment.Spec.Template.Labels = labels
	if _, err := cluster.AppsV1().Deployments(namespace).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
