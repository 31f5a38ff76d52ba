package dashboard

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// colours are those of a light page, and of a dark one.
var colours = []struct{ name, light, dark string }{
	{"paper", "#f6f8fa", "#010409"},
	{"panel", "#ffffff", "#0d1117"},
	{"edge", "#d1d9e0", "#3d444d"},
	{"grid", "#eaeef2", "#21262d"},
	{"ink", "#1f2328", "#e6edf3"},
	{"faint", "#6e7781", "#8b949e"},
	{"green", "#1a7f37", "#3fb950"},
	{"blue", "#0969da", "#58a6ff"},
	{"orange", "#bc4c00", "#f0883e"},
	{"purple", "#8250df", "#bc8cff"},
	{"teal", "#1b7c83", "#39c5cf"},
	{"yellow", "#9a6700", "#d29922"},
	{"red", "#cf222e", "#ff7b72"},
}

// palette has the colours of lines that mean nothing good or bad.
var palette = []string{"blue", "orange", "purple", "teal", "yellow"}

const fonts = `text { font: 11px -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif }
text.title { font-size: 12px; font-weight: 600 }
text.big { font-size: 26px; font-weight: 600 }
`

type (
	box   struct{ x, y, width, height float64 }
	point struct{ x, y float64 }
)

// canvas collects the elements of an SVG, the first at the bottom.
type canvas struct{ elements bytes.Buffer }

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.elements, format+"\n", args...) }

func (c *canvas) open(width, height float64) {
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]g" height="%[2]g" viewBox="0 0 %[1]g %[2]g" role="img">`, width, height)
	c.add("<title>The dashboard of bluegreen</title>")
	c.add("<!-- Drawn by make prometheus, from a run on the local cluster. -->")
	c.add("<style>\n%s@media (prefers-color-scheme: dark) {", fonts)
	for _, colour := range colours {
		c.add(".%s { color: %s }", colour.name, colour.dark)
	}
	c.add("}\n</style>")
	c.add(`<rect width="%g" height="%g" %s/>`, width, height, paint("fill", "paper"))
}

func (c *canvas) close() []byte {
	c.add("</svg>")
	return c.elements.Bytes()
}

// paint returns the attributes by which an element is filled, or its outline drawn, and its other classes. A program that knows no dark
// pages finds the light one's colour in them.
func paint(what, name string, classes ...string) string {
	for _, colour := range colours {
		if colour.name == name {
			return fmt.Sprintf(`%s="currentColor" color="%s" class="%s"`, what, colour.light, strings.Join(append(classes, name), " "))
		}
	}
	return paint(what, "ink", classes...)
}

func (c *canvas) panel(b box, title string) {
	c.add(`<rect x="%g" y="%g" width="%g" height="%g" rx="4" %s/>`, b.x, b.y, b.width, b.height, paint("fill", "panel"))
	c.add(`<rect x="%g" y="%g" width="%g" height="%g" rx="4" fill="none" %s/>`, b.x, b.y, b.width, b.height, paint("stroke", "edge"))
	c.text(point{b.x + margin, b.y + 20}, "start", "ink", title, "title")
}

// text writes with its start, middle or end at a point. A class of the style gives it another size.
func (c *canvas) text(at point, anchor, colour, text string, size ...string) {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text)) // A buffer takes everything.
	c.add(`<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>`, at.x, at.y, anchor, paint("fill", colour, size...), escaped.String())
}

// along returns the data of a path along points, without those that lie on a level with both neighbours.
func along(points []point) string {
	var d bytes.Buffer
	for i, p := range points {
		if i > 0 && i < len(points)-1 && points[i-1].y == p.y && p.y == points[i+1].y {
			continue
		}
		fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(i, 1)], p.x, p.y)
	}
	return d.String()
}
