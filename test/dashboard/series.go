package dashboard

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// series is a line, and what the legend calls it.
type series struct {
	name, colour string
	levels       []level
}

// level is a value, which lies upon another if the panel stacks its series.
type level struct {
	at        time.Time
	low, high float64
}

// lines returns the series of a panel in the order of its queries, and those of one query by name. If the panel stacks them, the largest
// comes first, at the bottom.
func (p Panel) lines(answers []model.Matrix) []series {
	var all []series
	for i, target := range p.Targets {
		var answer []series
		for _, stream := range answers[i] {
			answer = append(answer, series{name: target.legend(stream.Metric), levels: levels(stream.Values)})
		}
		slices.SortFunc(answer, func(a, b series) int { return strings.Compare(a.name, b.name) })
		all = append(all, answer...)
	}
	if p.FieldConfig.Defaults.stacks() {
		slices.SortStableFunc(all, func(a, b series) int { return cmp.Compare(b.sum(), a.sum()) })
		stack(all)
	}
	for i := range all {
		all[i].colour = p.colour(all[i].name, i)
	}
	return all
}

// levels returns values, without those that are none.
func levels(values []model.SamplePair) []level {
	var all []level
	for _, value := range values {
		if !math.IsNaN(float64(value.Value)) {
			all = append(all, level{at: value.Timestamp.Time(), high: float64(value.Value)})
		}
	}
	return all
}

func (s series) sum() float64 {
	sum := 0.0
	for _, l := range s.levels {
		sum += l.high
	}
	return sum
}

// stack puts each series upon those before it.
func stack(all []series) {
	below := map[time.Time]float64{}
	for _, s := range all {
		for i := range s.levels {
			l := &s.levels[i]
			l.low, l.high = below[l.at], below[l.at]+l.high
			below[l.at] = l.high
		}
	}
}

// unbroken returns the parts of a series in which no value is missing.
func (s series) unbroken(step time.Duration) [][]level {
	var parts [][]level
	from := 0
	for i := range s.levels {
		if i+1 == len(s.levels) || s.levels[i+1].at.Sub(s.levels[i].at) > step*3/2 {
			parts = append(parts, s.levels[from:i+1])
			from = i + 1
		}
	}
	return parts
}

// highest returns the highest value of all lines.
func highest(lines []series) float64 {
	high := 0.0
	for _, s := range lines {
		for _, l := range s.levels {
			high = max(high, l.high)
		}
	}
	return high
}
