package dashboard

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// style has the colours of light and of dark pages.
const style = `<style>
:root { --paper: #f6f8fa; --panel: #ffffff; --edge: #d1d9e0; --ink: #1f2328; --faint: #59636e; --grid: #e6eaef;
  --red: #cf222e; --orange: #bc4c00; --green: #1a7f37;
  --line0: #1f6feb; --line1: #1a7f37; --line2: #bc4c00; --line3: #8250df; --line4: #cf222e; --line5: #1b7c83 }
@media (prefers-color-scheme: dark) { :root { --paper: #010409; --panel: #0d1117; --edge: #3d444d; --ink: #f0f6fc; --faint: #9da7b3;
  --grid: #21262d; --red: #f85149; --orange: #f0883e; --green: #3fb950;
  --line0: #58a6ff; --line1: #3fb950; --line2: #f0883e; --line3: #bc8cff; --line4: #f85149; --line5: #39c5cf } }
text { font: 11px -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif }
.title { font-size: 13px; font-weight: 600 }
.big { font-size: 30px; font-weight: 600; text-anchor: middle }
.end { text-anchor: end }
.middle { text-anchor: middle }
</style>
`

type (
	box   struct{ x, y, width, height float64 }
	point struct{ x, y float64 }
)

// lineColours are how many there are in the style.
const lineColours = 6

// canvas collects the elements of an SVG, the first at the bottom.
type canvas struct{ elements bytes.Buffer }

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.elements, format+"\n", args...) }

func (c *canvas) open(width, height float64) {
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]g" height="%[2]g" viewBox="0 0 %[1]g %[2]g" role="img">`, width, height)
	c.add("<title>The dashboard of bluegreen</title>")
	c.add("<!-- Drawn by make dashboard, from a run on the local cluster. -->")
	c.elements.WriteString(style)
	c.add(`<rect width="%g" height="%g" style="fill: var(--paper)"/>`, width, height)
}

func (c *canvas) close() []byte {
	c.add("</svg>")
	return c.elements.Bytes()
}

func (c *canvas) panel(b box, title string) {
	c.add(`<rect x="%g" y="%g" width="%g" height="%g" rx="4" style="fill: var(--panel); stroke: var(--edge)"/>`, b.x, b.y, b.width, b.height)
	c.text(b.x+12, b.y+21, "title", "ink", title)
}

func (c *canvas) text(x, y float64, class, ink, text string) {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text)) // A buffer takes everything.
	c.add(`<text class="%s" x="%.1f" y="%.1f" style="fill: var(--%s)">%s</text>`, class, x, y, ink, escaped.String())
}

func (c *canvas) line(x1, y1, x2, y2 float64) {
	c.add(`<path d="M%.1f %.1fL%.1f %.1f" style="stroke: var(--grid)"/>`, x1, y1, x2, y2)
}

// path draws a line of the colour of a number.
func (c *canvas) path(number int, path []point) {
	if len(path) == 0 {
		return
	}
	var d bytes.Buffer
	for i, p := range path {
		fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(i, 1)], p.x, p.y)
	}
	c.add(`<path d="%s" fill="none" stroke-width="1.8" stroke-linejoin="round" style="stroke: var(--line%d)"/>`,
		d.String(), number%lineColours)
}

// legend names the lines, from left to right.
func (c *canvas) legend(b box, lines []series) {
	x := b.x
	for i, s := range lines {
		c.add(`<rect x="%.1f" y="%.1f" width="10" height="3" style="fill: var(--line%d)"/>`, x, b.y+4, i%lineColours)
		c.text(x+14, b.y+9, "", "faint", s.name)
		x += 14 + 6.2*float64(len(s.name)) + 14
	}
}
