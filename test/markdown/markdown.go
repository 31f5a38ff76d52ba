// Package markdown writes what programs have measured into pages of docs.
package markdown

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Table is one of Markdown.
type Table struct {
	Head []string
	Rows [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

func (t *Table) String() string {
	var b strings.Builder
	row := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row(t.Head)
	b.WriteString(strings.Repeat("|---", len(t.Head)) + "|\n")
	for _, cells := range t.Rows {
		row(cells)
	}
	return b.String()
}

// Fill replaces what stands in a page between the marks of a section, which name the command that writes it. The page says where a
// section goes.
func Fill(page, section, command, text string) error {
	content, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	begin, end := fmt.Appendf(nil, "<!-- %s: written by %s -->\n", section, command), fmt.Appendf(nil, "<!-- end of %s -->", section)
	before, rest, found := bytes.Cut(content, begin)
	_, after, ended := bytes.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no place for %s: it lacks the lines %q and %q", page, section, begin, end)
	}
	return os.WriteFile(page, slices.Concat(before, begin, []byte(strings.TrimSpace(text)+"\n"), end, after), 0o644)
}
