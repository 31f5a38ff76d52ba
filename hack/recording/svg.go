package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// Sizes of the SVG, in pixels.
const (
	columnWidth = 7.8 // That of a font of 13 px.
	lineHeight  = 17
	bar         = 34
	padding     = 18
	between     = 14
	width       = columns*columnWidth + 2*padding
)

// hold is how long the last frame stays before everything begins anew.
const hold = 4 * time.Second

const (
	title       = "kubectl bluegreen status nginx -w, while nginx moves from version 1.10 to 1.11"
	description = "Two terminals. In the lower one somebody deploys version 1.11. The upper one shows the Service with its Deployments and " +
		"pods: traffic stays on 1.10 while the pods of 1.11 start, moves in one write when they are ready, and 1.10 drains."
)

// Light pages get the first colours, dark ones the second.
const look = `<style>
svg {
--paper: #ffffff; --bar: #f0f3f6; --edge: #d1d9e0; --ink: #1f2328; --faint: #6e7781;
--green: #1a7f37; --yellow: #9a6700; --red: #cf222e
}
@media (prefers-color-scheme: dark) {
svg {
--paper: #0d1117; --bar: #161b22; --edge: #3d444d; --ink: #e6edf3; --faint: #8b949e;
--green: #3fb950; --yellow: #d29922; --red: #ff7b72
}
}
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--ink); white-space: pre }
.title { font-weight: 600 }
.bold { font-weight: 700 } .faint { fill: var(--faint) }
.green { fill: var(--green) } .yellow { fill: var(--yellow) } .red { fill: var(--red) }
.window { fill: var(--paper); stroke: var(--edge) } .bar { fill: var(--bar); stroke: var(--edge) }
.clock { fill: var(--green); transform-origin: left; transform-box: fill-box }
`

// svg is one that is being drawn. Its texts come and go by animations of CSS, one for all texts with the same life.
type svg struct {
	length   time.Duration
	elements bytes.Buffer
	rules    bytes.Buffer
	known    map[[2]time.Duration]string
}

// draw draws a recording. The same recording gives the same bytes.
func draw(seen recording) []byte {
	s := &svg{known: map[[2]time.Duration]string{}}
	upper, lower := pictures(seen.Watched), logs(seen.Typed)
	s.length = max(last(upper), last(lower)) + hold
	top := s.window(0, status, film(upper, s.length))
	bottom := s.window(top+between, "another terminal", film(lower, s.length))
	s.add(`<rect class="clock" x="%d" y="%d" width="%g" height="2"/>`, padding, bottom-8, width-2*padding)
	s.elements.WriteString("</svg>\n")

	var all bytes.Buffer
	fmt.Fprintf(&all, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]g" height="%[2]d" viewBox="0 0 %[1]g %[2]d" role="img">`,
		width, bottom)
	fmt.Fprintf(&all, "\n<title>%s</title>\n<desc>%s</desc>\n<!-- Made by hack/recording: make recording. -->\n%s", title, description, look)
	fmt.Fprintf(&all, ".clock { animation: clock %s linear infinite }\n", seconds(s.length))
	fmt.Fprintln(&all, "@keyframes clock { from { transform: scaleX(0) } }")
	fmt.Fprintf(&all, "text { animation: %s step-end infinite }\n", seconds(s.length))
	all.Write(s.rules.Bytes())
	all.WriteString("@media (prefers-reduced-motion: reduce) { * { animation: none !important } }\n</style>\n")
	all.Write(s.elements.Bytes())
	return all.Bytes()
}

// last returns when the last of some frames was seen.
func last(frames []frame) time.Duration {
	if len(frames) == 0 {
		return 0
	}
	return frames[len(frames)-1].at
}

// window draws a terminal below a height, and returns the height of its end.
func (s *svg) window(top int, heading string, lives []life) int {
	rows := 0
	for _, text := range lives {
		rows = max(rows, text.row+1)
	}
	height := bar + rows*lineHeight + padding
	s.add(`<rect class="window" x="0.5" y="%g" width="%g" height="%d" rx="9"/>`, float64(top)+0.5, width-1, height-1)
	s.add(`<path class="bar" d="M0.5 %[1]gv-%[2]da9 9 0 0 1 9 -9h%[3]ga9 9 0 0 1 9 9v%[2]dz"/>`, float64(top+bar)-4.5, bar-14, width-19)
	s.add(`<text class="title" x="%d" y="%d">%s</text>`, padding, top+20, heading)
	for _, text := range lives {
		class := ""
		if names := strings.TrimSpace(string(text.style) + " " + s.animation(text.from, text.to)); names != "" {
			class = fmt.Sprintf(` class="%s"`, names)
		}
		s.add(`<text%s x="%.5g" y="%d">%s</text>`, class, padding+float64(text.column)*columnWidth,
			top+bar+14+text.row*lineHeight, escaped(text.text))
	}
	return top + height
}

func (s *svg) add(format string, args ...any) { fmt.Fprintf(&s.elements, format+"\n", args...) }

// animation returns the class of texts that are seen for some time; empty if that is always.
func (s *svg) animation(from, to time.Duration) string {
	key := [2]time.Duration{from, to}
	if name, known := s.known[key]; known || (from == 0 && to == s.length) {
		return name
	}
	name := fmt.Sprintf("t_%d", len(s.known))
	s.known[key] = name
	hidden, visible := "{visibility:hidden}", "{visibility:visible}"
	still, keys := hidden, ""
	if from > 0 {
		keys = "from" + hidden
	}
	keys += s.percent(from) + visible
	if to == s.length {
		still = visible // Who sees no animation sees the end.
	} else {
		keys += s.percent(to) + ",to" + hidden
	}
	fmt.Fprintf(&s.rules, ".%[1]s{animation-name:%[1]s}.%[1]s%[2]s@keyframes %[1]s{%[3]s}\n", name, still, keys)
	return name
}

func (s *svg) percent(at time.Duration) string {
	return fmt.Sprintf("%.2f%%", 100*at.Seconds()/s.length.Seconds())
}

func seconds(length time.Duration) string { return fmt.Sprintf("%gs", length.Seconds()) }

func escaped(text string) string {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text)) // A buffer takes everything.
	return escaped.String()
}
