package harness

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// Requests are the live requests at a Service while a test runs, from the network of every node, and what was asked for meanwhile.
type Requests struct {
	// Nodes are where they come from, Asks what was asked for.
	Nodes []Node
	Asks  []traffic.Ask

	url   string
	fresh []*traffic.Client // of each node, over a connection for each request
	slow  []*traffic.Client // the same, each of which takes 2 s; none without
	first string
}

// Send starts requests, rate a second, at a Service that serves a version, from every node.
func (c *Cluster) Send(t testing.TB, namespace, name, version string, rate int) *Requests {
	t.Helper()
	return c.SendFrom(t, c.Nodes(t), namespace, name, version, rate)
}

// SendFrom is Send from some nodes.
func (c *Cluster) SendFrom(t testing.TB, nodes []Node, namespace, name, version string, rate int) *Requests {
	t.Helper()
	service, err := c.CoreV1().Services(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := &Requests{Nodes: nodes, url: "http://" + service.Spec.ClusterIP, first: version}
	// Until its endpoints are in the rules of kube-proxy, a new Service refuses connections; that is none of ours.
	probes := r.FromEachNode(t, "", traffic.Settings{}, 1, 50)
	AwaitAnswers(t, probes, version)
	for _, probe := range probes {
		probe.Stop()
	}
	r.fresh = r.FromEachNode(t, "", traffic.Settings{}, max(1, rate/10), rate)
	return r
}

// FromEachNode starts requests in every node's network, with so many workers in each, rate a second altogether.
func (r *Requests) FromEachNode(t testing.TB, path string, settings traffic.Settings, workers, rate int) []*traffic.Client {
	t.Helper()
	var clients []*traffic.Client
	for _, node := range r.Nodes {
		settings.Dial = node.Dial
		client := settings.Start(r.url+path, workers, max(1, rate/len(r.Nodes)))
		t.Cleanup(func() { client.Stop() })
		clients = append(clients, client)
	}
	return clients
}

// SlowToo sends requests besides that take 2 s, which a pod that ends at once cuts off.
func (r *Requests) SlowToo(t testing.TB) {
	t.Helper()
	r.slow = r.FromEachNode(t, "/?wait=2s", traffic.Settings{}, 15, 6)
}

// Asked notes that from now on a version is asked for. It comes before the ask itself.
func (r *Requests) Asked(version string) {
	r.Asks = append(r.Asks, traffic.Ask{At: time.Now(), Version: version})
}

// AwaitAnswer waits until a version answers a request that was sent after the last ask, on every node. An answer to an older one can
// still be that of the version before the last.
func (r *Requests) AwaitAnswer(t testing.TB, version string) {
	t.Helper()
	var asked time.Time
	if len(r.Asks) > 0 {
		asked = r.Asks[len(r.Asks)-1].At
	}
	awaitAnswers(t, r.fresh, version, asked)
}

// AwaitAnswers waits until a version answers each of some clients.
func AwaitAnswers(t testing.TB, clients []*traffic.Client, version string) {
	t.Helper()
	awaitAnswers(t, clients, version, time.Time{})
}

func awaitAnswers(t testing.TB, clients []*traffic.Client, version string, since time.Time) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), Patience, fmt.Errorf("no answer of version %s", version))
	defer cancel()
	answered := func(result traffic.Result) bool { return result.Version == version && result.Start.After(since) }
	for _, client := range clients {
		if err := client.Await(ctx, answered); err != nil {
			t.Fatal(err)
		}
	}
}

// Judge stops the requests and fails the test if any failed, or if versions were mixed on any one node. The report is on all nodes:
// its switches are those of the first, then those of the second.
func (r *Requests) Judge(t testing.TB) traffic.Report {
	t.Helper()
	var all traffic.Report
	for i := range r.Nodes {
		report := r.judgeNode(t, i)
		all.Total += report.Total
		all.Errors = append(all.Errors, report.Errors...)
		all.Mixed = append(all.Mixed, report.Mixed...)
		all.Switches = append(all.Switches, report.Switches...)
	}
	return all
}

func (r *Requests) judgeNode(t testing.TB, i int) traffic.Report {
	t.Helper()
	results, name := r.fresh[i].Stop(), r.Nodes[i].Name
	if r.slow != nil {
		slow := r.slow[i].Stop()
		t.Logf("%s: %d of the requests were slow", name, len(slow))
		results = append(results, slow...)
	}
	report := traffic.Analyze(results, r.first, r.Asks...)
	t.Logf("%s: %d requests, %d errors, %d mixed answers", name, report.Total, len(report.Errors), len(report.Mixed))
	for _, failed := range report.Errors {
		t.Errorf("%s: request at %s failed: %v", name, failed.Start.Format(time.StampMilli), failed.Err)
	}
	for _, mixed := range report.Mixed {
		t.Errorf("%s: version %s answered a request of %s to %s", name,
			mixed.Version, mixed.Start.Format(time.StampMilli), mixed.End.Format(time.StampMilli))
	}
	return report
}
