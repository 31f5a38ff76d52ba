//go:build e2e

package gitops

import (
	"fmt"
	"sync"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// TestEngines puts every engine into every situation, and compares what comes of it with what is expected.
func TestEngines(t *testing.T) {
	table := &table{cells: map[string]*cell{}}
	complete := t.Run("cells", func(t *testing.T) {
		for _, situation := range situations {
			for _, engine := range engines {
				if want, wanted := situation.want[engine.title()]; wanted {
					t.Run(name(situation, engine), func(t *testing.T) {
						t.Parallel()
						table.set(run(t, engine, situation, want))
					})
				}
			}
		}
	})
	if complete && *update && table.full() {
		if err := markdown.Fill(page(), "gitops", "make gitops", table.String()); err != nil {
			t.Fatal(err)
		}
	}
}

func name(row situation, column engine) string {
	return row.form.title + ": " + row.title + "/" + column.title()
}

// run runs a cell.
func run(t *testing.T, engine engine, situation situation, want string) *cell {
	c := newCell(t, engine, situation)
	situation.run(c)
	c.judge()
	if got := c.text(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	return c
}

// table collects the cells.
type table struct {
	mu    sync.Mutex
	cells map[string]*cell
}

func (t *table) set(c *cell) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cells[name(c.situation, c.engine)] = c
}

// full reports whether every cell was run; go test -run may have left some out.
func (t *table) full() bool {
	count := 0
	for _, row := range situations {
		count += len(row.want)
	}
	return len(t.cells) == count
}

// String renders what came of the cells, and of the requests of each engine.
func (t *table) String() string {
	head, last := []string{""}, []string{"requests"}
	for _, column := range engines {
		head = append(head, column.title())
		last = append(last, t.requests(column))
	}
	rendered := markdown.Table{Head: head}
	for _, row := range situations {
		texts := []string{row.form.title + ": " + row.title}
		for _, column := range engines {
			text := ""
			if c, ran := t.cells[name(row, column)]; ran {
				text = c.text()
			}
			texts = append(texts, text)
		}
		rendered.Add(texts...)
	}
	rendered.Add(last...)
	return rendered.String()
}

// requests sums up what became of the requests.
func (t *table) requests(column engine) string {
	total, failed, mixed := 0, 0, 0
	for _, c := range t.cells {
		if c.engine.title() == column.title() {
			total, failed, mixed = total+c.report.Total, failed+len(c.report.Errors), mixed+len(c.report.Mixed)
		}
	}
	return fmt.Sprintf("%d, %d failed, %d mixed", total, failed, mixed)
}
