//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/test/markdown"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// followed says how the nodes follow a switch.
var followed = markdown.Table{Head: []string{"meanwhile", "switches", "requests", "failed", "mixed on one node",
	"last request to blue after the write, median", "worst", "blue and green both answer for, median", "worst"}}

// TestEveryNodeFollows measures how long after the write of the selector nodes send fresh connections to the version before.
func TestEveryNodeFollows(t *testing.T) {
	mode = proxyMode(t)
	t.Run("quiet", func(t *testing.T) {
		follow(t, "nothing else changes", func() { time.Sleep(rulesPeriod) })
	})
	t.Run("busy", func(t *testing.T) {
		changeAnotherService(t)
		follow(t, "another Service changes 10 times a second", func() {})
	})
}

var toAndFro = [2]string{"1.11", "1.10"}

// rulesPeriod is longer than kube-proxy waits between two changes of its rules (minSyncPeriod, 1 s by default).
const rulesPeriod = 1200 * time.Millisecond

// follow switches to and fro, after a pause each time.
func follow(t *testing.T, meanwhile string, pause func()) {
	ns, r := twoVersions(t)
	mark := cluster.MarkAudit(t)
	for i := range manySwitches * *runs {
		pause()
		switchTo(t, r, ns, toAndFro[i%2])
	}
	report := r.Judge(t)
	assertSwitched(t, report.Switches)
	moves := mark.Moves(t, ns)
	if len(moves) != len(r.Asks) {
		t.Fatalf("%d writes moved traffic, want %d", len(moves), len(r.Asks))
	}
	var last, both []time.Duration
	for i, moved := range moves {
		lastOld, firstNew := onAllNodes(slices.Chunk(report.Switches, len(moves)), i)
		last = append(last, max(0, lastOld.Sub(moved)))
		both = append(both, max(0, lastOld.Sub(firstNew)))
	}
	row := []string{meanwhile, fmt.Sprint(len(moves)), fmt.Sprint(report.Total), fmt.Sprint(len(report.Errors)), fmt.Sprint(len(report.Mixed))}
	row = slices.Concat(row, medianAndWorst(last), medianAndWorst(both))
	t.Logf("%q", row)
	followed.Add(row...)
}

// onAllNodes returns when the last request to the version before a switch started on any node, and when the first answer of the one
// after it had come to any.
func onAllNodes(nodes iter.Seq[[]traffic.Switch], i int) (lastOld, firstNew time.Time) {
	for switches := range nodes {
		if s := switches[i]; s.LastOld.After(lastOld) {
			lastOld = s.LastOld
		}
		if s := switches[i]; firstNew.IsZero() || s.FirstNew.Before(firstNew) {
			firstNew = s.FirstNew
		}
	}
	return lastOld, firstNew
}

// changeAnotherService changes what another Service selects, until the test ends: kube-proxy then has something to do all the time.
func changeAnotherService(t *testing.T) {
	t.Helper()
	ns := namespace(t)
	for _, version := range []string{"1.10", "1.11"} {
		createDeployment(t, ns, version, 1)
		awaitAvailable(t, ns, "nginx-"+version, 1)
	}
	createService(t, ns, "nginx", "1.10", "")
	ctx, stop := context.WithCancel(t.Context())
	var changing sync.WaitGroup
	changing.Go(func() {
		i := 0
		wait.UntilWithContext(ctx, func(ctx context.Context) {
			i++
			patch := fmt.Sprintf(`{"spec":{"selector":{"version":%q}}}`, toAndFro[i%2])
			_, err := cluster.CoreV1().Services(ns).Patch(ctx, "nginx", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			if err != nil && ctx.Err() == nil {
				t.Errorf("changing another Service: %v", err)
			}
		}, 100*time.Millisecond)
	})
	t.Cleanup(func() {
		stop()
		changing.Wait()
	})
}

// proxyMode returns the mode of kube-proxy, by the rules that it has made on every node.
func proxyMode(t *testing.T) string {
	t.Helper()
	modes := map[string]bool{}
	for _, node := range cluster.Nodes(t) {
		if strings.Contains(node.Run(t, "nft", "list", "tables"), "table ip kube-proxy") {
			modes["nftables"] = true
		}
		if strings.Contains(node.Run(t, "iptables-save", "-t", "nat"), "-A KUBE-SERVICES") {
			modes["iptables"] = true
		}
	}
	if len(modes) != 1 {
		t.Fatalf("want rules of one mode of kube-proxy on all nodes, got %v", modes)
	}
	return slices.Collect(maps.Keys(modes))[0]
}

func medianAndWorst(samples []time.Duration) []string {
	slices.Sort(samples)
	return []string{milliseconds(samples[len(samples)/2]), milliseconds(samples[len(samples)-1])}
}
