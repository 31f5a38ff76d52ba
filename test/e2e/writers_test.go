//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

var (
	runs   = flag.Int("runs", 1, "how often a walk goes with each of Helm 3, Helm 4 and kubectl, and how often blue leaves in each way")
	update = flag.Bool("update", false, "write what became of requests into docs/clients.md and docs/design.md")
)

// writer is how people bring a revision of a chart in testdata into a namespace, and go back to one.
type writer struct {
	name  string
	write func(t *testing.T, namespace, chart string, values ...string) harness.Output
	back  func(t *testing.T, namespace string, revision int, chart string, values ...string)
}

// writers are the columns of the table in docs/clients.md.
var writers = []writer{
	{
		name:  "helm3",
		write: upgradeBy("helm3"),
		back:  rollBackBy("helm3"),
	},
	{
		name:  "helm",
		write: upgradeBy("helm"),
		back:  rollBackBy("helm"),
	},
	{
		name:  "kubectl",
		write: apply,
		back:  applyAgain,
	},
}

// withEachWriter walks with each of them, in a namespace of its own for each walk, and notes what became of the requests.
func withEachWriter(t *testing.T, title string, walk func(t *testing.T, namespace string, by writer) traffic.Report) {
	row := make([]total, len(writers))
	for column, by := range writers {
		t.Run(by.name, func(t *testing.T) {
			t.Parallel()
			for i := range *runs {
				t.Run(fmt.Sprint(i+1), func(t *testing.T) { row[column].add(walk(t, namespace(t), by)) })
			}
		})
	}
	t.Cleanup(func() { walked.Add(append([]string{title}, cells(row)...)...) })
}

// total is what became of the requests of several walks.
type total struct{ walks, requests, failed, mixed int }

func (t *total) add(report traffic.Report) {
	t.walks++
	t.requests += report.Total
	t.failed += len(report.Errors)
	t.mixed += len(report.Mixed)
}

func cells(row []total) []string {
	var texts []string
	for _, sum := range row {
		texts = append(texts, fmt.Sprintf("%d times: %d requests, %d failed, %d mixed", sum.walks, sum.requests, sum.failed, sum.mixed))
	}
	return texts
}

// walked is the table in docs/clients.md.
var walked = markdown.Table{Head: head()}

func head() []string {
	names := []string{""}
	for _, by := range writers {
		names = append(names, by.name)
	}
	return names
}

// writeWalked writes it, if there was a walk.
func writeWalked() error {
	if !*update || len(walked.Rows) == 0 {
		return nil
	}
	return markdown.Fill(filepath.Join(cluster.Root, "docs/clients.md"), "walks", "make walks", walked.String())
}

func upgradeBy(program string) func(*testing.T, string, string, ...string) harness.Output {
	return func(t *testing.T, namespace, chart string, values ...string) harness.Output {
		t.Helper()
		return helmUpgrade(t, program, namespace, chart, values...)
	}
}

func rollBackBy(program string) func(*testing.T, string, int, string, ...string) {
	return func(t *testing.T, namespace string, revision int, _ string, _ ...string) {
		t.Helper()
		harness.Run(t, program, "rollback", "app", fmt.Sprint(revision), "--namespace", namespace)
	}
}

// apply applies what a chart renders, and deletes the Deployments that it does not have any more.
func apply(t *testing.T, namespace, chart string, values ...string) harness.Output {
	t.Helper()
	rendered := helm(t, "template", "app", "testdata/"+chart, "--namespace", namespace, "--set-string", strings.Join(values, ","))
	file := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(file, []byte(rendered.Stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Run(t, "kubectl", "apply", "--namespace", namespace, "--filename", file,
		"--prune", "--all", "--prune-allowlist=apps/v1/Deployment")
}

// applyAgain goes back as kubectl does, which knows no revisions.
func applyAgain(t *testing.T, namespace string, _ int, chart string, values ...string) {
	t.Helper()
	apply(t, namespace, chart, values...)
}
