//go:build e2e

package clients

import (
	"slices"
	"strings"
	"testing"
)

// TestMatrix runs every client through every situation, and compares what came of it with docs/clients.md.
func TestMatrix(t *testing.T) {
	startMeddlers(t)
	table := &table{cells: map[string]string{}}
	complete := t.Run("cells", func(t *testing.T) {
		for _, s := range situations {
			for _, client := range clients {
				if client.can&s.needs != s.needs {
					continue
				}
				t.Run(s.title+"/"+client.name, func(t *testing.T) {
					t.Parallel()
					table.set(s, client, run(t, s, client))
				})
			}
		}
	})
	if complete && table.full() {
		table.compare(t)
	}
}

// run runs a cell and returns its text in the table.
func run(t *testing.T, s situation, client client) string {
	c := newCell(t, client, map[string]string{"meddler": string(s.meddler)})
	s.run(c)
	c.assertMoves()
	var words []string
	for _, outcome := range c.outcomes {
		if outcome == nothing && !s.exact {
			outcome = kept
		}
		words = append(words, string(outcome))
	}
	got := strings.Join(slices.Compact(words), ", ")
	if want := s.wantOf(client); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	return got
}

func (s situation) wantOf(client client) string {
	if exception, excepted := s.except[client.name]; excepted {
		return exception.want
	}
	return s.want
}
