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

// requests are the live requests at a Service while a test runs, and what was asked for meanwhile.
type requests struct {
	client *traffic.Client
	slow   *traffic.Client // takes 2 s for each; nil without
	first  string
	asks   []traffic.Ask
}

// send starts requests at a Service that serves a version.
func send(t *testing.T, namespace, name, version string) *requests {
	t.Helper()
	url := "http://" + getService(t, namespace, name).Spec.ClusterIP
	// Until its endpoints are in the rules of kube-proxy, a new Service refuses connections; that is none of ours.
	probe := &requests{client: traffic.Start(url, 1, 50)}
	defer probe.client.Stop()
	probe.awaitAnswer(t, version)

	r := &requests{client: traffic.Start(url, 20, 200), first: version}
	t.Cleanup(func() { r.client.Stop() })
	return r
}

// slowToo sends requests besides that take 2 s, which a pod that ends at once cuts off.
func (r *requests) slowToo(t *testing.T, namespace, name string) {
	t.Helper()
	r.slow = traffic.Start("http://"+getService(t, namespace, name).Spec.ClusterIP+"/?wait=2s", 15, 6)
	t.Cleanup(func() { r.slow.Stop() })
}

// asked notes that from now on a version is asked for. It comes before the ask itself.
func (r *requests) asked(version string) {
	r.asks = append(r.asks, traffic.Ask{At: time.Now(), Version: version})
}

// awaitAnswer waits until a version answers a request that was sent after the last ask. An answer to an older one can still be that
// of the version before the last.
func (r *requests) awaitAnswer(t *testing.T, version string) {
	t.Helper()
	var asked time.Time
	if len(r.asks) > 0 {
		asked = r.asks[len(r.asks)-1].At
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), harness.Patience, fmt.Errorf("no answer of version %s", version))
	defer cancel()
	answered := func(result traffic.Result) bool { return result.Version == version && result.Start.After(asked) }
	if err := r.client.Await(ctx, answered); err != nil {
		t.Fatal(err)
	}
}

// judge stops the requests and fails the test if any failed, or if versions were mixed.
func (r *requests) judge(t *testing.T) traffic.Report {
	t.Helper()
	results := r.client.Stop()
	if r.slow != nil {
		slow := r.slow.Stop()
		t.Logf("%d of the requests were slow", len(slow))
		results = append(results, slow...)
	}
	report := traffic.Analyze(results, r.first, r.asks...)
	t.Logf("%d requests, %d errors, %d mixed answers", report.Total, len(report.Errors), len(report.Mixed))
	for _, failed := range report.Errors {
		t.Errorf("request at %s failed: %v", failed.Start.Format(time.StampMilli), failed.Err)
	}
	for _, mixed := range report.Mixed {
		t.Errorf("version %s answered a request of %s to %s",
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
