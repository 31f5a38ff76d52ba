package main

import (
	"bytes"
	"fmt"
)

// scheme holds the colours of a picture.
type scheme struct {
	name string
	// paper is behind everything; ink is on it, and faint is ink for what matters less.
	paper, edge, ink, faint string
	// onFull is legible on both full colours.
	onFull                         string
	blueFull, bluePale, blueInk    string
	greenFull, greenPale, greenInk string
}

var (
	light = scheme{
		name:  "light",
		paper: "#ffffff", edge: "#d1d9e0", ink: "#1f2328", faint: "#59636e",
		onFull:   "#ffffff",
		blueFull: "#1f6feb", bluePale: "#ddeafe", blueInk: "#0b56c4",
		greenFull: "#1a7f37", greenPale: "#d9f5e0", greenInk: "#116329",
	}
	dark = scheme{
		name:  "dark",
		paper: "#0d1117", edge: "#3d444d", ink: "#f0f6fc", faint: "#9da7b3",
		onFull:   "#ffffff",
		blueFull: "#1f6feb", bluePale: "#12284c", blueInk: "#79b8ff",
		greenFull: "#238636", greenPale: "#10301b", greenInk: "#56d364",
	}
)

// face is how a text is set.
type face string

const (
	strong face = "strong"
	small  face = "small"
	code   face = "code"
)

const style = `<style>
text { font: 13px -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif }
.strong { font-size: 15px; font-weight: 600 }
.code { font: 600 13.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
</style>
`

const (
	title       = "A switch from version 1.10 to 1.11"
	description = "The Service's selector stays on version 1.10, which serves, while 1.11 starts. When 1.11 is ready, one write " +
		"moves the selector and with it all traffic. Version 1.10 drains for 30 s, and is unprotected then."
)

// canvas collects the elements of an SVG, the first at the bottom.
type canvas struct {
	scheme
	elements bytes.Buffer
}

func (c *canvas) add(format string, args ...any) {
	fmt.Fprintf(&c.elements, format+"\n", args...)
}

func (c *canvas) open(width, height float64) {
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]g" height="%[2]g" viewBox="0 0 %[1]g %[2]g" role="img">`, width, height)
	c.add("<title>%s</title>", title)
	c.add("<desc>%s</desc>", description)
	c.add("<!-- Drawn by hack/picture: make generate. -->")
	c.elements.WriteString(style)
	c.add(`<rect x="0.5" y="0.5" width="%g" height="%g" rx="10" fill="%s" stroke="%s"/>`, width-1, height-1, c.paper, c.edge)
}

func (c *canvas) close() []byte {
	c.add("</svg>")
	return c.elements.Bytes()
}

func (c *canvas) text(x, y float64, f face, ink, text string) {
	c.add(`<text class="%s" x="%g" y="%g" fill="%s">%s</text>`, f, x, y, ink, text)
}

func (c *canvas) centered(x, y float64, ink, text string) {
	c.add(`<text x="%g" y="%g" fill="%s" text-anchor="middle">%s</text>`, x, y, ink, text)
}

// rect draws a bar, a hair apart from those beside it.
func (c *canvas) rect(x, y, width, height float64, fill, stroke string, dashed bool) {
	dashes := ""
	if dashed {
		dashes = ` stroke-dasharray="5 4"`
	}
	c.add(`<rect x="%g" y="%g" width="%g" height="%g" rx="6" fill="%s" stroke="%s" stroke-width="1.5"%s/>`,
		x+1.5, y, width-3, height, fill, stroke, dashes)
}

func (c *canvas) circle(x, y, radius float64, fill, stroke string) {
	c.add(`<circle cx="%g" cy="%g" r="%g" fill="%s" stroke="%s" stroke-width="1.5"/>`, x, y, radius, fill, stroke)
}

func (c *canvas) line(x1, y1, x2, y2 float64, ink string, width float64) {
	c.add(`<path d="M%g %gL%g %g" stroke="%s" stroke-width="%g" stroke-linecap="round"/>`, x1, y1, x2, y2, ink, width)
}

func (c *canvas) dashed(x1, y1, x2, y2 float64) {
	c.add(`<path d="M%g %gL%g %g" stroke="%s" stroke-dasharray="2 4"/>`, x1, y1, x2, y2, c.faint)
}

// arrow draws a vertical arrow, up or down.
func (c *canvas) arrow(x, from, to float64, ink string) {
	back := 6.0
	if to > from {
		back = -back
	}
	c.add(`<path d="M%g %gV%gM%g %gL%g %gL%g %g" fill="none" stroke="%s" stroke-width="1.5" stroke-linecap="round"/>`,
		x, from, to, x-4, to+back, x, to, x+4, to+back, ink)
}
