//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestIdle leaves 50 managed Services alone for a minute: half are on their target, half wait for pods that nobody made.
func TestIdle(t *testing.T) {
	ns := namespace(t)
	for i := range 25 {
		createService(t, ns, fmt.Sprintf("stable-%d", i), "1.10", "1.10")
		createService(t, ns, fmt.Sprintf("waiting-%d", i), "1.10", "1.11")
	}
	for i := range 25 {
		awaitPhase(t, ns, fmt.Sprintf("stable-%d", i), bluegreen.Stable, "")
		awaitPhase(t, ns, fmt.Sprintf("waiting-%d", i), bluegreen.Waiting, "No Deployment has pods labelled name=nginx,version=1.11: "+
			"create it, or set bluegreen/target-version to a version that runs")
	}

	scrape := scraper(t, ns)
	mark := cluster.MarkAudit(t)
	start, before := time.Now(), cpuSeconds(t, scrape)
	<-time.After(time.Minute)
	after, took := cpuSeconds(t, scrape), time.Since(start).Seconds()

	if writes := mark.Writes(t, ns); len(writes) > 0 {
		t.Errorf("%d writes within an idle minute: %+v", len(writes), writes)
	}
	if len(after) != 2 {
		t.Errorf("%d pods, want 2", len(after))
	}
	for pod, seconds := range after {
		used := seconds - before[pod]
		t.Logf("%s: %.2f s of CPU in %.0f s, %.2f %% of a core", pod, used, took, 100*used/took)
		if used/took > 0.02 {
			t.Errorf("%s used %.2f s of CPU in an idle minute", pod, used)
		}
	}
}
