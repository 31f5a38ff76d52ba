//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// kept says what became of kept connections when blue ended.
var kept = markdown.Table{Head: []string{"blue", "its server ends", "times", "fresh requests", "failed",
	"kept connections", "requests on them", "answers of blue after the write", "the last after, median", "worst",
	"closed by an answer that said so", "failed"}}

// mode is that of kube-proxy in these tables.
var mode string

// drained is how long blue is kept in these tests.
const drained = 5 * time.Second

// Of each node, so many connections are kept, each of which has a request in flight half of the time.
const (
	keptConnections = 10
	keptRate        = 100
	keptPath        = "/?wait=50ms"
)

// ending is how a server ends when its pod does.
type ending struct {
	name   string
	change func(*corev1.Container)
}

var endings = []ending{
	{"gracefully", func(c *corev1.Container) {
		c.Lifecycle, c.Env = nil, []corev1.EnvVar{{Name: "NGINX_STOPSIGNAL", Value: "SIGQUIT"}}
	}},
	{"at once", func(c *corev1.Container) { c.Lifecycle = nil }},
}

// wayOut is how blue is told to go.
type wayOut struct {
	name  string
	leave func(t *testing.T, namespace string)
}

var waysOut = []wayOut{
	{"deleted", func(t *testing.T, ns string) {
		kubectl(t, "delete", "deployment", "nginx-1.10", "--namespace", ns, "--wait=false")
	}},
	{"scaled to 0", func(t *testing.T, ns string) {
		_, err := cluster.AppsV1().Deployments(ns).Patch(t.Context(), "nginx-1.10", types.MergePatchType,
			[]byte(`{"spec":{"replicas":0}}`), metav1.PatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}},
}

// TestKeptConnections looks at connections that were open before a switch: they stay on blue until it ends.
func TestKeptConnections(t *testing.T) {
	mode = proxyMode(t)
	for _, way := range waysOut {
		for _, end := range endings {
			t.Run(way.name+", "+end.name, func(t *testing.T) {
				var sum keptTotal
				for i := range *runs {
					t.Run(fmt.Sprint(i+1), func(t *testing.T) { sum.add(leaveBlue(t, way, end)) })
				}
				row := append([]string{way.name, end.name}, sum.cells()...)
				t.Logf("%q", row)
				kept.Add(row...)
			})
		}
	}
}

// leaveBlue switches, has blue leave, and returns what became of requests until it was gone.
func leaveBlue(t *testing.T, way wayOut, end ending) keptTotal {
	ns := namespace(t)
	for _, version := range []string{"1.10", "1.11"} {
		createDeployment(t, ns, version, 3, end.change)
	}
	createService(t, ns, "nginx", "1.10", "1.10")
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.Drain+"="+drained.String())
	awaitAvailable(t, ns, "nginx-1.10", 3)
	awaitAvailable(t, ns, "nginx-1.11", 3)
	r := send(t, ns, "nginx", "1.10")
	clients := r.FromEachNode(t, keptPath, traffic.Settings{KeepAlive: true}, keptConnections, keptRate*len(r.Nodes))
	harness.AwaitAnswers(t, clients, "1.10")

	mark := cluster.MarkAudit(t)
	switchTo(t, r, ns, "1.11")
	way.leave(t, ns)
	kubectl(t, "wait", "--for=delete", "pod", "--selector=version=1.10", "--namespace", ns, "--timeout=60s")
	harness.AwaitAnswers(t, clients, "1.11")
	report := r.Judge(t)
	assertSwitched(t, report.Switches)
	total := keptTotal{times: 1, fresh: report.Total, freshFailed: len(report.Errors), connections: keptConnections * len(clients)}
	moved := mark.Moves(t, ns)[0]
	var last time.Duration
	for i, client := range clients {
		for _, result := range client.Stop() {
			last = max(last, total.note(t, r.Nodes[i].Name, result, moved))
		}
	}
	if total.blue == 0 {
		t.Error("blue answered nothing on a kept connection after the switch")
	}
	total.last = []time.Duration{last}
	return total
}

// keptTotal is what became of the requests of one or several runs.
type keptTotal struct {
	times, fresh, freshFailed int

	connections, requests, blue, closed, failed int

	last []time.Duration // answers of blue after the write, one for each run
}

// note counts what became of a request on a kept connection, and returns how long after the write blue answered it, if it did.
func (k *keptTotal) note(t *testing.T, node string, result traffic.Result, moved time.Time) time.Duration {
	t.Helper()
	k.requests++
	after := result.End.Sub(moved)
	if result.Err != nil {
		k.failed++
		t.Logf("%s: a request on a kept connection, of %s, failed %s after the write: %v", node, result.End.Sub(result.Start), after, result.Err)
		if after < drained {
			t.Errorf("%s: that is before blue has drained", node)
		}
		return 0
	}
	if result.Closing {
		k.closed++
	}
	if result.Version == "1.11" && after < drained {
		t.Errorf("%s: green answered on a kept connection %s after the write, but blue keeps those for at least %s", node, after, drained)
	}
	if result.Version != "1.10" || after < 0 {
		return 0
	}
	k.blue++
	return after
}

func (k *keptTotal) add(run keptTotal) {
	k.times += run.times
	k.fresh += run.fresh
	k.freshFailed += run.freshFailed
	k.connections += run.connections
	k.requests += run.requests
	k.blue += run.blue
	k.closed += run.closed
	k.failed += run.failed
	k.last = append(k.last, run.last...)
}

func (k *keptTotal) cells() []string {
	row := []string{fmt.Sprint(k.times), fmt.Sprint(k.fresh), fmt.Sprint(k.freshFailed), fmt.Sprint(k.connections),
		fmt.Sprint(k.requests), fmt.Sprint(k.blue)}
	row = append(row, medianAndWorst(k.last)...)
	return append(row, fmt.Sprint(k.closed), fmt.Sprint(k.failed))
}

// writeMeasured writes the tables on nodes and on kept connections, if they were measured.
func writeMeasured() error {
	var failed []error
	for section, table := range map[string]markdown.Table{"nodes with " + mode: followed, "kept connections with " + mode: kept} {
		if *update && len(table.Rows) > 0 {
			failed = append(failed, markdown.Fill(filepath.Join(cluster.Root, "docs/design.md"), section, "make nodes", table.String()))
		}
	}
	return errors.Join(failed...)
}
