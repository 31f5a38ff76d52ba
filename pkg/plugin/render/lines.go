// Package render draws what package view has found: as lines of styled text, for terminals and for logs. It is pure.
package render

import (
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/cli-runtime/pkg/printers"
)

// Style is how a text looks where there are colours. It never tells what the text does not.
type Style string

// Styles, as what a terminal is sent before the text.
const (
	Plain Style = ""
	Bold  Style = "\x1b[1m"
	Faint Style = "\x1b[2m"
	Good  Style = "\x1b[32m"
	Busy  Style = "\x1b[33m"
	Bad   Style = "\x1b[31m"

	reset = "\x1b[0m"
)

// Span is a text in one style.
type Span struct {
	Text  string
	Style Style
}

// Line is a line of text.
type Line []Span

// Lines are what is printed.
type Lines []Line

// text returns a line in no style.
func text(of string) Line { return Line{{Text: of}} }

// Width returns how many columns a line takes.
func (l Line) Width() int {
	width := 0
	for _, span := range l {
		width += utf8.RuneCountInString(span.Text)
	}
	return width
}

// leastRoom is how much room a text needs to go on in further lines.
const leastRoom = 20

// Fit returns the line within a width. Its last text goes on below its begin; if there is no room for that, the line is cut.
func (l Line) Fit(width int) Lines {
	if l.Width() <= width || len(l) == 0 {
		return Lines{l}
	}
	before, last := l[:len(l)-1], l[len(l)-1]
	room := width - before.Width()
	if room < leastRoom {
		return Lines{l.cut(width)}
	}
	var fitted Lines
	for _, text := range wrap(last.Text, room) {
		fitted = append(fitted, append(slices.Clone(before), Span{Text: text, Style: last.Style}))
		before = before.stems()
	}
	return fitted
}

// wrap breaks a text into lines of a width: between words, or within one that is longer.
func wrap(text string, width int) []string {
	var lines []string
	runes := []rune(text)
	for len(runes) > width {
		end, next := width, width
		for i := width; i > 0; i-- {
			if runes[i] == ' ' {
				end, next = i, i+1
				break
			}
		}
		lines, runes = append(lines, string(runes[:end])), runes[next:]
	}
	return append(lines, string(runes))
}

// stems returns what stands before a further line: the stems of the tree.
func (l Line) stems() Line {
	blank := func(r rune) rune {
		switch r {
		case '│', '├':
			return '│'
		default:
			return ' '
		}
	}
	stems := make(Line, 0, len(l))
	for _, span := range l {
		stems = append(stems, Span{Text: strings.Map(blank, span.Text)})
	}
	return stems
}

// cut returns the line, shortened to a width.
func (l Line) cut(width int) Line {
	var cut Line
	for _, span := range l {
		runes := []rune(span.Text)
		if len(runes) > width {
			runes = runes[:width]
		}
		width -= len(runes)
		cut = append(cut, Span{Text: string(runes), Style: span.Style})
	}
	return cut
}

// String returns a line as it is printed, in colour or not. What comes from the cluster cannot control the terminal.
func (l Line) String(colour bool) string {
	var built strings.Builder
	for _, span := range l {
		text := printers.EscapeTerminal(span.Text)
		if colour && span.Style != Plain {
			text = string(span.Style) + text + reset
		}
		built.WriteString(text)
	}
	return strings.TrimRight(built.String(), " ")
}

// String returns the lines as they are printed.
func (l Lines) String(colour bool) string {
	var built strings.Builder
	for _, line := range l {
		built.WriteString(line.String(colour) + "\n")
	}
	return built.String()
}

// Problem draws why there is no connection; nothing if there is one.
func Problem(lost error) Lines {
	if lost == nil {
		return nil
	}
	return Lines{{{Text: "The connection to the server is lost, and this is what was seen last: " + lost.Error(), Style: Bad}}, nil}
}
