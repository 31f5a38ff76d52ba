package dashboard

import (
	"slices"
	"time"
)

// Around the lines of a panel: its title, the times, a line of the legend, and what stands at its axes.
const (
	above, times, named, left, right = 32.0, 20.0, 15.0, 56.0, 14.0
)

// plot is a panel with lines: where they are, and what its ends mean.
type plot struct {
	box
	top         float64
	start       time.Time
	whole, step time.Duration
	canvas      *canvas
}

// plot draws the lines of a panel, its axes and its legend.
func (p Picture) plot(c *canvas, b box, look Look, lines []series) {
	rows := legend(lines, b.width-2*margin)
	foot := times + named*float64(len(rows)) + 4
	ticks := ticksTo(highest(lines))
	into := plot{
		box:   box{b.x + left, b.y + above, b.width - left - right, b.height - above - foot},
		top:   ticks[len(ticks)-1],
		start: p.Start, whole: p.End.Sub(p.Start), step: p.Step,
		canvas: c,
	}
	into.axes(look.Unit, ticks)
	for _, s := range slices.Backward(lines) {
		for _, part := range s.unbroken(p.Step) {
			if look.stacks() {
				into.area(part, s.colour, look.Custom.FillOpacity)
			} else {
				into.line(part, s.colour)
			}
		}
	}
	for i, row := range rows {
		c.legend(point{b.x + margin, into.y + into.height + times + named*float64(i) + 10}, row)
	}
}

// axes draws lines at values, and writes those and the times.
func (p plot) axes(unit string, ticks []float64) {
	for _, tick := range ticks {
		at := p.at(p.start, tick)
		p.canvas.add(`<path d="%s" %s/>`, along([]point{at, {at.x + p.width, at.y}}), paint("stroke", "grid"))
		p.canvas.text(point{at.x - 8, at.y + 4}, "end", "faint", format(unit, tick))
	}
	for after := time.Duration(0); after < p.whole; after += everyOf(p.whole, int(p.width/40)) {
		at := p.at(p.start.Add(after), 0)
		p.canvas.text(point{at.x, at.y + 15}, "middle", "faint", clock(after))
	}
}

// at returns where a value at a time is.
func (p plot) at(when time.Time, value float64) point {
	right := min(1, when.Sub(p.start).Seconds()/p.whole.Seconds())
	return point{p.x + p.width*right, p.y + p.height*(1-value/p.top)}
}

// line draws a line from value to value. One value alone is a dot.
func (p plot) line(levels []level, colour string) {
	if len(levels) == 1 {
		at := p.at(levels[0].at, levels[0].high)
		p.canvas.add(`<circle cx="%.1f" cy="%.1f" r="2" %s/>`, at.x, at.y, paint("fill", colour))
		return
	}
	var points []point
	for _, l := range levels {
		points = append(points, p.at(l.at, l.high))
	}
	p.stroke(points, colour)
}

// area fills what is below a line down to the next one, each value until the next.
func (p plot) area(levels []level, colour string, opacity float64) {
	var upper, lower []point
	for _, l := range levels {
		upper = append(upper, p.at(l.at, l.high), p.at(l.at.Add(p.step), l.high))
		lower = append(lower, p.at(l.at, l.low), p.at(l.at.Add(p.step), l.low))
	}
	slices.Reverse(lower)
	p.canvas.add(`<path d="%s" fill-opacity="%g" %s/>`, along(slices.Concat(upper, lower)), opacity/100, paint("fill", colour))
	p.stroke(upper, colour)
}

func (p plot) stroke(points []point, colour string) {
	p.canvas.add(`<path d="%s" fill="none" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round" %s/>`,
		along(points), paint("stroke", colour))
}
