package dashboard

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Picture is the dashboard with what it showed for a while.
type Picture struct {
	Panels []Panel
	// Answers are those of each panel to its queries.
	Answers    [][]model.Matrix
	Start, End time.Time
}

// A panel's size in the picture is a multiple of that in the dashboard's grid, without the gap to the next.
const (
	column, row, gap = 40.0, 27.0, 8.0
	columns          = 24
)

// Around the lines of a panel: its title, its legend, and what stands at its axes.
const (
	above, below, left, right = 32.0, 42.0, 46.0, 14.0
)

// series is a line, and what the legend calls it.
type series struct {
	name   string
	points []model.SamplePair
}

// Draw returns the picture as SVG.
func (p Picture) Draw() []byte {
	rows := 0
	for _, panel := range p.Panels {
		rows = max(rows, panel.GridPos.Y+panel.GridPos.H)
	}
	c := &canvas{}
	c.open(columns*column+gap, float64(rows)*row+gap)
	for i, panel := range p.Panels {
		lines := panel.lines(p.Answers[i])
		at := panel.GridPos
		b := box{float64(at.X)*column + gap, float64(at.Y)*row + gap, float64(at.W)*column - gap, float64(at.H)*row - gap}
		c.panel(b, panel.Title)
		if panel.Type == "stat" {
			c.stat(b, panel.FieldConfig.Defaults, lines)
		} else {
			c.plot(b, panel.FieldConfig.Defaults, lines, p.Start, p.End)
		}
	}
	return c.close()
}

// lines returns the series of a panel in the order of their names, one upon the other if the panel stacks them.
func (p Panel) lines(answers []model.Matrix) []series {
	var all []series
	for i, target := range p.Targets {
		for _, stream := range answers[i] {
			points := slices.DeleteFunc(slices.Clone(stream.Values), func(s model.SamplePair) bool { return math.IsNaN(float64(s.Value)) })
			all = append(all, series{target.legend(stream.Metric), points})
		}
	}
	slices.SortStableFunc(all, func(a, b series) int { return strings.Compare(a.name, b.name) })
	if p.FieldConfig.Defaults.Custom.Stacking.Mode == "normal" {
		stack(all)
	}
	return all
}

// stack puts each series upon those before it.
func stack(all []series) {
	below := map[model.Time]model.SampleValue{}
	for _, s := range all {
		for i, point := range s.points {
			below[point.Timestamp] += point.Value
			s.points[i].Value = below[point.Timestamp]
		}
	}
}

// stat draws the last value of a panel, as a word if there is one for it.
func (c *canvas) stat(b box, look Look, lines []series) {
	if len(lines) == 0 || len(lines[0].points) == 0 {
		c.text(b.x+b.width/2, b.y+b.height/2+16, "big", "faint", "no data")
		return
	}
	last := float64(lines[0].points[len(lines[0].points)-1].Value)
	shown := format(look.Unit, last)
	for _, mapping := range look.Mappings {
		if option, found := mapping.Options[format("", last)]; found {
			shown = option.Text
		}
	}
	colour := ""
	for _, step := range look.Thresholds.Steps {
		if step.Value == nil || last >= *step.Value {
			colour = step.Color
		}
	}
	c.text(b.x+b.width/2, b.y+b.height/2+18, "big", colour, shown)
}

// plot draws the lines of a panel, its axes and its legend.
func (c *canvas) plot(b box, look Look, lines []series, start, end time.Time) {
	inner := box{b.x + left, b.y + above, b.width - left - right, b.height - above - below}
	ticks := ticksTo(highest(lines))
	top := ticks[len(ticks)-1]
	for _, tick := range ticks {
		y := inner.y + inner.height*(1-tick/top)
		c.line(inner.x, y, inner.x+inner.width, y)
		c.text(inner.x-6, y+4, "end", "faint", format(look.Unit, tick))
	}
	whole := end.Sub(start)
	for after := time.Duration(0); after < whole; after += everyOf(whole) {
		x := inner.x + inner.width*after.Seconds()/whole.Seconds()
		c.text(x, inner.y+inner.height+15, "middle", "faint", clock(after))
	}
	for i, s := range lines {
		var path []point
		for _, sample := range s.points {
			path = append(path, point{
				inner.x + inner.width*sample.Timestamp.Time().Sub(start).Seconds()/whole.Seconds(),
				inner.y + inner.height*(1-float64(sample.Value)/top),
			})
		}
		c.path(i, path)
	}
	c.legend(box{inner.x, inner.y + inner.height + 22, inner.width, 14}, lines)
}

// highest returns the highest value of all lines.
func highest(lines []series) float64 {
	high := 0.0
	for _, s := range lines {
		for _, point := range s.points {
			high = max(high, float64(point.Value))
		}
	}
	return high
}
