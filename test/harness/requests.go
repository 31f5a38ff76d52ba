package harness

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// Requests are the live requests at a Service while a test runs, and what was asked for meanwhile.
type Requests struct {
	url    string
	client *traffic.Client
	slow   *traffic.Client // takes 2 s for each; nil without
	first  string
	asks   []traffic.Ask
}

// Send starts requests, rate a second, at a Service that serves a version.
func (c *Cluster) Send(t testing.TB, namespace, name, version string, rate int) *Requests {
	t.Helper()
	service, err := c.CoreV1().Services(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + service.Spec.ClusterIP
	// Until its endpoints are in the rules of kube-proxy, a new Service refuses connections; that is none of ours.
	probe := &Requests{client: traffic.Start(url, 1, 50)}
	defer probe.client.Stop()
	probe.AwaitAnswer(t, version)

	r := &Requests{url: url, client: traffic.Start(url, max(1, rate/10), rate), first: version}
	t.Cleanup(func() { r.client.Stop() })
	return r
}

// SlowToo sends requests besides that take 2 s, which a pod that ends at once cuts off.
func (r *Requests) SlowToo(t testing.TB) {
	t.Helper()
	r.slow = traffic.Start(r.url+"/?wait=2s", 15, 6)
	t.Cleanup(func() { r.slow.Stop() })
}

// Asked notes that from now on a version is asked for. It comes before the ask itself.
func (r *Requests) Asked(version string) {
	r.asks = append(r.asks, traffic.Ask{At: time.Now(), Version: version})
}

// AwaitAnswer waits until a version answers.
func (r *Requests) AwaitAnswer(t testing.TB, version string) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), Patience, fmt.Errorf("no answer of version %s", version))
	defer cancel()
	if err := r.client.Await(ctx, func(result traffic.Result) bool { return result.Version == version }); err != nil {
		t.Fatal(err)
	}
}

// Judge stops the requests and fails the test if any failed, or if versions were mixed.
func (r *Requests) Judge(t testing.TB) traffic.Report {
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
