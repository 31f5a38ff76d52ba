//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// requests are the live requests at a Service while a test runs, from the network of every node, and what was asked for meanwhile.
type requests struct {
	nodes []harness.Node
	url   string
	fresh []*traffic.Client // of each node, over a connection for each request
	slow  []*traffic.Client // the same, each of which takes 2 s; none without
	first string
	asks  []traffic.Ask
}

// send starts requests at a Service that serves a version.
func send(t *testing.T, namespace, name, version string) *requests {
	t.Helper()
	r := &requests{nodes: cluster.Nodes(t), url: "http://" + getService(t, namespace, name).Spec.ClusterIP, first: version}
	// Until its endpoints are in the rules of kube-proxy, a new Service refuses connections; that is none of ours.
	probes := r.fromEachNode(t, "", traffic.Settings{}, 1, 50)
	awaitAnswers(t, probes, version)
	for _, probe := range probes {
		probe.Stop()
	}
	r.fresh = r.fromEachNode(t, "", traffic.Settings{}, 20, 200)
	return r
}

// fromEachNode starts requests in every node's network, with so many workers in each, rate a second altogether.
func (r *requests) fromEachNode(t *testing.T, path string, settings traffic.Settings, workers, rate int) []*traffic.Client {
	t.Helper()
	var clients []*traffic.Client
	for _, node := range r.nodes {
		settings.Dial = node.Dial
		client := settings.Start(r.url+path, workers, max(1, rate/len(r.nodes)))
		t.Cleanup(func() { client.Stop() })
		clients = append(clients, client)
	}
	return clients
}

// slowToo sends requests besides that take 2 s, which a pod that ends at once cuts off.
func (r *requests) slowToo(t *testing.T) {
	t.Helper()
	r.slow = r.fromEachNode(t, "/?wait=2s", traffic.Settings{}, 15, 6)
}

// asked notes that from now on a version is asked for. It comes before the ask itself.
func (r *requests) asked(version string) {
	r.asks = append(r.asks, traffic.Ask{At: time.Now(), Version: version})
}

// awaitAnswer waits until a version answers, on every node.
func (r *requests) awaitAnswer(t *testing.T, version string) {
	t.Helper()
	awaitAnswers(t, r.fresh, version)
}

func awaitAnswers(t *testing.T, clients []*traffic.Client, version string) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), harness.Patience, fmt.Errorf("no answer of version %s", version))
	defer cancel()
	for _, client := range clients {
		if err := client.Await(ctx, func(result traffic.Result) bool { return result.Version == version }); err != nil {
			t.Fatal(err)
		}
	}
}

// judge stops the requests and fails the test if any failed, or if versions were mixed on any one node. The report is on all nodes:
// its switches are those of the first, then those of the second.
func (r *requests) judge(t *testing.T) traffic.Report {
	t.Helper()
	var all traffic.Report
	for i := range r.nodes {
		report := r.judgeNode(t, i)
		all.Total += report.Total
		all.Errors = append(all.Errors, report.Errors...)
		all.Mixed = append(all.Mixed, report.Mixed...)
		all.Switches = append(all.Switches, report.Switches...)
	}
	return all
}

func (r *requests) judgeNode(t *testing.T, i int) traffic.Report {
	t.Helper()
	results, name := r.fresh[i].Stop(), r.nodes[i].Name
	if r.slow != nil {
		slow := r.slow[i].Stop()
		t.Logf("%s: %d of the requests were slow", name, len(slow))
		results = append(results, slow...)
	}
	report := traffic.Analyze(results, r.first, r.asks...)
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

// assertSwitched wants an answer of every version that was asked for.
func assertSwitched(t *testing.T, switches []traffic.Switch) {
	t.Helper()
	for i, s := range switches {
		if s.FirstNew.IsZero() {
			t.Errorf("switch %d: version %s never answered", i+1, s.To)
		}
	}
	t.Logf("%d switches", len(switches))
}
