package dashboard

import (
	"time"

	"github.com/prometheus/common/model"
)

// Picture is the dashboard with what it showed for a while.
type Picture struct {
	Panels []Panel `json:"-"`
	// Answers are those of each panel to its queries.
	Answers    [][]model.Matrix
	Start, End time.Time
	// Step is how far the values of an answer stand apart. If they stand further apart, some are missing.
	Step time.Duration
}

// A panel's size in the picture is a multiple of that in the dashboard's grid, without the gap to the next.
const (
	column, row, gap = 37.5, 21.0, 8.0
	columns          = 24
)

// margin is between the edge of a panel and its words.
const margin = 12.0

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
			p.plot(c, b, panel.FieldConfig.Defaults, lines)
		}
	}
	return c.close()
}

// stat draws the last value of a panel, as a word if there is one for it.
func (c *canvas) stat(b box, look Look, lines []series) {
	at := point{b.x + b.width/2, b.y + b.height - 18}
	if len(lines) == 0 || len(lines[0].levels) == 0 {
		c.text(at, "middle", "faint", "no data", "big")
		return
	}
	last := lines[0].levels[len(lines[0].levels)-1].high
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
	c.text(at, "middle", colour, shown, "big")
}
