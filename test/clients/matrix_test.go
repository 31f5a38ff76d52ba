//go:build e2e

package clients

import (
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// TestMatrix runs every client through every situation, and compares what came of it with docs/clients.md.
func TestMatrix(t *testing.T) {
	startMeddlers(t)
	table := &table{cells: map[string]string{}}
	lacksStatuses := !strings.Contains(harness.Run(t, "kubectl", "apply", "--help").Stdout, "--subresource") // That of Kubernetes 1.30.
	complete := t.Run("cells", func(t *testing.T) {
		for _, situation := range situations {
			for _, client := range clients {
				applies := client.file != nil && client.file[0] == "apply"
				if !client.canGetInto(situation) || lacksStatuses && applies && situation.needs&statuses != 0 {
					continue
				}
				t.Run(cellName(situation, client), func(t *testing.T) {
					t.Parallel()
					table.set(situation, client, run(t, situation, client))
				})
			}
		}
	})
	if complete && table.full() {
		table.compare(t)
	}
}

// run runs a cell and returns its text in the table.
func run(t *testing.T, situation situation, client client) string {
	c := newCell(t, client, situation.meddler)
	situation.run(c)
	c.moves.assert()
	got := situation.want.text(c.outcomes)
	if want := situation.want.of(client); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	return got
}
