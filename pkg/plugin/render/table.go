package render

import (
	"strings"
	"unicode/utf8"
)

// row is one of a table: cells, and lines of their own below them.
type row struct {
	cells []Span
	notes Lines
}

// gap is what is between two columns, as in kubectl's tables.
const gap = 3

// table returns rows as lines, each column as wide as its widest cell.
func table(rows []row) Lines {
	widths := widthsOf(rows)
	var lines Lines
	for _, row := range rows {
		var line Line
		for i, cell := range row.cells {
			line = append(line, cell)
			if i < len(row.cells)-1 {
				line = append(line, Span{Text: strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell.Text)+gap)})
			}
		}
		lines = append(append(lines, line), row.notes...)
	}
	return lines
}

func widthsOf(rows []row) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row.cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.Text))
		}
	}
	return widths
}

// plain returns cells in no style.
func plain(texts ...string) []Span {
	cells := make([]Span, 0, len(texts))
	for _, text := range texts {
		cells = append(cells, Span{Text: text})
	}
	return cells
}

// Table draws a table of plain texts.
func Table(header []string, body [][]string) Lines {
	rows := []row{{cells: plain(header...)}}
	for _, texts := range body {
		rows = append(rows, row{cells: plain(texts...)})
	}
	return table(rows)
}
