//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// TestReleasePage runs docs/release.md from top to bottom, and with -update writes what the commands print into it.
func TestReleasePage(t *testing.T) {
	withChecks(t)
	p := readPage(t, "release.md", namespace(t))
	t.Cleanup(func() { kubectl(t, "uncordon", "node-1") })
	for _, heading := range []string{"Before", "Ask", "Approve", "What happened", "The old version retires", "A version that breaks",
		"It is rolled back", "A check", "It is checked"} {
		if heading == "What happened" {
			awaitEvent(t, p.namespace, "nginx", bluegreen.ReasonSwitched, "Traffic moved ") // It comes after the write.
		}
		if heading == "It is checked" {
			standIn(t, p.namespace)
			gate(t, p.namespace)()
		}
		printed := p.shell(t, heading, "-eu")
		for _, expected := range releasePrints[heading] {
			contains(t, printed, expected)
		}
		if *update {
			writeRelease(t, heading, strings.ReplaceAll(printed, p.namespace, "default"))
		}
	}
	p.assertAllRun(t)
}

// releasePrints is what the page is about.
var releasePrints = map[string][]string{
	"Ask":                     {"bluegreen/phase: Waiting", "waiting for MinimumReplicasAvailable"},
	"Approve":                 {"Version 1.11 is ready, and waits for approval: "},
	"What happened":           {"Asked to move from version 1.10 to version 1.11: ", "Traffic moved from version 1.10 to version 1.11, "},
	"The old version retires": {"Retiring", "scaled from 3 to 0: traffic of Service nginx has left it"},
	"It is rolled back":       {"bluegreen/phase: RolledBack", "Version 1.12 was rolled back ", "traffic stays on version 1.11"},
	"It is checked":           {"Version 1.12 is ready, and is being checked: kubectl logs job/nginx-check-", "Complete"},
}

// writeRelease writes what the commands under a heading printed into the page, as a block of code whose long lines are wrapped.
func writeRelease(t *testing.T, heading, printed string) {
	t.Helper()
	fold := exec.CommandContext(t.Context(), "fold", "--spaces", "--width=120")
	fold.Stdin = strings.NewReader(strings.TrimSpace(printed))
	folded, err := fold.Output()
	if err != nil {
		t.Fatal(err)
	}
	block := "```text\n" + strings.ReplaceAll(string(folded), " \n", "\n") + "\n```"
	if err := markdown.Fill(filepath.Join(cluster.Root, "docs/release.md"), heading, "make release-page", block); err != nil {
		t.Fatal(err)
	}
}
