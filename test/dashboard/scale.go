package dashboard

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// ticksTo returns where an axis has lines: from 0 to at least a value, four steps at most, each of 1, 2 or 5, or those times a power of 10.
func ticksTo(value float64) []float64 {
	if value <= 0 {
		return []float64{0, 1}
	}
	const most = 4
	power := math.Pow(10, math.Floor(math.Log10(value/most)))
	step := 10 * power
	for _, times := range []float64{5, 2, 1} {
		if times*power*most >= value {
			step = times * power
		}
	}
	ticks := []float64{0}
	for i := 1.0; ticks[len(ticks)-1] < value; i++ {
		ticks = append(ticks, i*step)
	}
	return ticks
}

// format writes a value in a unit of Grafana's.
func format(unit string, value float64) string {
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	switch {
	case unit != "s" || value == 0:
		return short(value)
	case value < 1:
		return short(value*1000) + " ms"
	case value < 2*60:
		return short(value) + " s"
	case value < 2*60*60:
		return short(value/60) + " min"
	case value < 2*24*60*60:
		return short(value/60/60) + " h"
	default:
		return fmt.Sprintf("%.0f days", value/24/60/60)
	}
}

// everyOf returns how far the times stand apart that are written below a plot, which has room for a number of them.
func everyOf(whole time.Duration, room int) time.Duration {
	for _, every := range []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute} {
		if int(whole/every) < room {
			return every
		}
	}
	return 5 * time.Minute
}

// clock writes how much time has passed.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
