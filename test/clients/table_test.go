//go:build e2e

package clients

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// table collects the texts of the cells.
type table struct {
	mu    sync.Mutex
	cells map[string]string
}

func cellName(row situation, column client) string { return row.title + "/" + column.name }

func (t *table) set(row situation, column client, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cells[cellName(row, column)] = text
}

// full reports whether every cell was run; go test -run may have left some out.
func (t *table) full() bool {
	for _, row := range situations {
		for _, column := range clients {
			if _, ran := t.cells[cellName(row, column)]; !ran && column.canGetInto(row) {
				return false
			}
		}
	}
	return true
}

// markdown renders the legend, the table, and its notes.
func (t *table) markdown() string {
	var out, notes strings.Builder
	out.WriteString("| outcome | meaning |\n|---|---|\n")
	for _, entry := range legend {
		if t.has(entry.outcome) {
			fmt.Fprintf(&out, "| %s | %s |\n", entry.outcome, entry.meaning)
		}
	}
	out.WriteString("\n| |")
	for _, column := range clients {
		out.WriteString(" " + column.name + " |")
	}
	out.WriteString("\n|---|" + strings.Repeat("---|", len(clients)) + "\n")
	var whys []string
	for _, row := range situations {
		out.WriteString("| " + row.title + " |")
		for _, column := range clients {
			text := t.cells[cellName(row, column)]
			if exception, excepted := row.want.except[column.name]; excepted {
				if !slices.Contains(whys, exception.why) {
					whys = append(whys, exception.why)
					fmt.Fprintf(&notes, "%d. %s\n", len(whys), exception.why)
				}
				text += fmt.Sprintf(" (%d)", slices.Index(whys, exception.why)+1)
			}
			out.WriteString(" " + text + " |")
		}
		out.WriteString("\n")
	}
	return out.String() + "\n" + notes.String()
}

func (t *table) has(o outcome) bool {
	for _, text := range t.cells {
		if slices.Contains(strings.Split(text, ", "), string(o)) {
			return true
		}
	}
	return false
}

const begin, end = "<!-- what TestMatrix saw: make clients-table -->\n", "<!-- end of what TestMatrix saw -->\n"

// compare fails the test if the document shows another table; with -update, it writes this one there.
func (t *table) compare(test *testing.T) {
	path := filepath.Join(cluster.Root, "docs/clients.md")
	document, err := os.ReadFile(path)
	if err != nil {
		test.Fatal(err)
	}
	before, rest, found := bytes.Cut(document, []byte(begin))
	_, after, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		test.Fatalf("%s has no place for the table between %q and %q", path, begin, end)
	}
	shown := slices.Concat(before, []byte(begin+t.markdown()+end), after)
	switch {
	case bytes.Equal(document, shown):
	case *update:
		if err := os.WriteFile(path, shown, 0o644); err != nil {
			test.Fatal(err)
		}
	default:
		test.Errorf("%s shows another table than this one (make clients-table writes it):\n%s", path, t.markdown())
	}
}
