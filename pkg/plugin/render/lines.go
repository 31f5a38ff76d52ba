// Package render draws what package view has found: as lines of styled text, for terminals and for logs. It is pure.
package render

import (
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

// Cut returns the line, shortened to a width.
func (l Line) Cut(width int) Line {
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
