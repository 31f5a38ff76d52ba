//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/markdown"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

var (
	runs   = flag.Int("runs", 1, "how often a walk goes with each of Helm 3, Helm 4 and kubectl")
	update = flag.Bool("update", false, "write what became of the walks' requests into docs/clients.md")
)

// writer is how people bring a revision of a chart in testdata into a namespace, and go back to one.
type writer struct {
	write func(t *testing.T, namespace, chart string, values ...string) output
	back  func(t *testing.T, namespace string, revision int, chart string, values ...string)
}

var writerNames = []string{"helm3", "helm", "kubectl"}

var writers = map[string]writer{
	"helm3": {upgradeBy("helm3"), rollBackBy("helm3")},
	"helm":  {upgradeBy("helm"), rollBackBy("helm")},
	"kubectl": {apply, func(t *testing.T, namespace string, _ int, chart string, values ...string) {
		t.Helper()
		apply(t, namespace, chart, values...)
	}},
}

// withEachWriter walks with each of them, in a namespace of its own for each walk, and notes what became of the requests.
func withEachWriter(t *testing.T, title string, walk func(t *testing.T, namespace string, by writer) traffic.Report) {
	row := make([]total, len(writerNames))
	for w, name := range writerNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range *runs {
				t.Run(fmt.Sprint(i+1), func(t *testing.T) { row[w].add(walk(t, namespace(t), writers[name])) })
			}
		})
	}
	t.Cleanup(func() { walked.Add(append([]string{title}, cells(row)...)...) })
}

// total is what became of the requests of several walks.
type total struct{ walks, requests, failed, mixed int }

func (t *total) add(r traffic.Report) {
	t.walks++
	t.requests += r.Total
	t.failed += len(r.Errors)
	t.mixed += len(r.Mixed)
}

func cells(row []total) []string {
	var texts []string
	for _, t := range row {
		texts = append(texts, fmt.Sprintf("%d times: %d requests, %d failed, %d mixed", t.walks, t.requests, t.failed, t.mixed))
	}
	return texts
}

// walked is the table in docs/clients.md.
var walked = markdown.Table{Head: append([]string{""}, writerNames...)}

// writeWalked writes it.
func writeWalked() error {
	if !*update {
		return nil
	}
	return markdown.Fill(filepath.Join(root, "docs/clients.md"), "walks", "make walks", walked.String())
}

func upgradeBy(program string) func(*testing.T, string, string, ...string) output {
	return func(t *testing.T, namespace, chart string, values ...string) output {
		t.Helper()
		return helmUpgrade(t, program, namespace, chart, values...)
	}
}

func rollBackBy(program string) func(*testing.T, string, int, string, ...string) {
	return func(t *testing.T, namespace string, revision int, _ string, _ ...string) {
		t.Helper()
		run(t, program, "rollback", "app", fmt.Sprint(revision), "--namespace", namespace)
	}
}

// apply applies what a chart renders, and deletes the Deployments that it does not have any more.
func apply(t *testing.T, namespace, chart string, values ...string) output {
	t.Helper()
	rendered := helm(t, "template", "app", "testdata/"+chart, "--namespace", namespace, "--set-string", strings.Join(values, ","))
	file := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(file, []byte(rendered.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	return run(t, "kubectl", "apply", "--namespace", namespace, "--filename", file, "--prune", "--all", "--prune-allowlist=apps/v1/Deployment")
}
