package main

import (
	"bytes"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// The size of the terminals.
const (
	columns     = 112
	watchedRows = 30
	typedRows   = 9
)

// cell is a text on a screen, with no gap in it.
type cell struct {
	row, column int
	style       style
	text        string
}

// frame is what a screen shows from an instant on.
type frame struct {
	at    time.Duration
	cells []cell
}

// What kubectl bluegreen status sends to a terminal: home before the first line, endOfLine after each, and endOfPicture after the last.
const (
	home         = "\x1b[H"
	endOfLine    = "\x1b[K\r\n"
	endOfPicture = "\x1b[J"
)

// pictures returns the frames of a screen that is drawn again and again.
func pictures(outputs []output) []frame {
	var frames []frame
	var pending []byte
	for _, printed := range outputs {
		pending = append(pending, printed.Text...)
		for {
			picture, after, whole := bytes.Cut(pending, []byte(endOfPicture))
			if !whole {
				break
			}
			pending = after
			_, lines, _ := strings.Cut(string(picture), home)
			frames = append(frames, frame{at: printed.At, cells: cellsOf(strings.Split(lines, endOfLine))})
		}
	}
	return frames
}

// logs returns the frames of a screen on which line follows line.
func logs(outputs []output) []frame {
	var frames []frame
	var all []byte
	for _, printed := range outputs {
		all = append(all, printed.Text...)
		var lines []string
		for line := range strings.SplitSeq(string(all), "\r\n") {
			lines = append(lines, wrapped(line)...)
		}
		frames = append(frames, frame{at: printed.At, cells: cellsOf(lines[max(0, len(lines)-typedRows):])})
	}
	return frames
}

// wrapped returns a line as a terminal shows it: in as many rows as it needs.
func wrapped(line string) []string {
	var rows []string
	from, width := 0, 0
	for at, size := 0, 0; at < len(line); at += size {
		if control := colour.FindString(line[at:]); control != "" {
			size = len(control)
			continue
		}
		if width == columns {
			rows, from, width = append(rows, line[from:at]), at, 0
		}
		_, size = utf8.DecodeRuneInString(line[at:])
		width++
	}
	return append(rows, line[from:])
}

// style is how a text looks, as a class of the SVG.
type style string

// colour is what changes the style on a terminal, and styles are those that kubectl and the plugin use.
var (
	colour = regexp.MustCompile(`^\x1b\[([0-9;]*)m`)
	styles = map[string]style{"1": "bold", "2": "faint", "31": "red", "32": "green", "33": "yellow", "33;1": "yellow"}
)

// cellsOf returns the texts of lines, apart where two spaces or another style are between them.
func cellsOf(lines []string) []cell {
	var cells []cell
	for row, line := range lines {
		now, column := style(""), 0
		for line != "" {
			if control := colour.FindStringSubmatch(line); control != nil {
				now, line = styles[control[1]], line[len(control[0]):]
				continue
			}
			text := line[:lengthOf(line)]
			if words := strings.TrimLeft(text, " "); words != "" {
				indent := len(text) - len(words)
				cells = append(cells, cell{row: row, column: column + indent, style: now, text: strings.TrimRight(words, " ")})
			}
			column, line = column+utf8.RuneCountInString(text), line[len(text):]
		}
	}
	return cells
}

// lengthOf returns how much of a line is one text: spaces before it, and all until the next gap or control.
func lengthOf(line string) int {
	begin := len(line) - len(strings.TrimLeft(line, " "))
	end := len(line)
	for _, after := range []string{"  ", "\x1b"} {
		if i := strings.Index(line[begin:], after); i >= 0 {
			end = min(end, begin+i)
		}
	}
	return max(end, 1)
}
