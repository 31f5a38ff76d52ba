//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var runs = flag.Int("runs", 1, "how often a walk goes with each of Helm 3, Helm 4 and kubectl")

// writer is how people bring a revision of a chart in testdata into a namespace, and go back to one.
type writer struct {
	write func(t *testing.T, namespace, chart string, values ...string) output
	back  func(t *testing.T, namespace string, revision int, chart string, values ...string)
}

var writers = map[string]writer{
	"helm3": {upgradeBy("helm3"), rollBackBy("helm3")},
	"helm":  {upgradeBy("helm"), rollBackBy("helm")},
	"kubectl": {apply, func(t *testing.T, namespace string, _ int, chart string, values ...string) {
		t.Helper()
		apply(t, namespace, chart, values...)
	}},
}

// withEachWriter walks with each of them, in a namespace of its own.
func withEachWriter(t *testing.T, walk func(t *testing.T, namespace string, by writer)) {
	for _, name := range slices.Sorted(maps.Keys(writers)) {
		for i := range *runs {
			t.Run(fmt.Sprintf("%s/%d", name, i+1), func(t *testing.T) { walk(t, namespace(t), writers[name]) })
		}
	}
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
