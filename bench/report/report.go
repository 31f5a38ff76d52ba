// Package report puts what was measured into numbers and plots.
package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// Series is a line of a plot.
type Series struct {
	Name string
	X, Y []float64
}

// Distribution is the line of the share of samples, in percent, that are at most so many milliseconds.
func Distribution(name string, samples []time.Duration) Series {
	sorted := slices.Sorted(slices.Values(samples))
	s := Series{Name: name}
	for i, sample := range sorted {
		s.X = append(s.X, Milliseconds(sample))
		s.Y = append(s.Y, 100*float64(i+1)/float64(len(sorted)))
	}
	return s
}

// Plot draws lines into a file, whose extension says the format.
type Plot struct {
	Title, X, Y string
	// LogX spreads the small values, which must be above 0.
	LogX   bool
	Series []Series
}

// Save draws the plot.
func (d Plot) Save(path string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = d.Title, d.X, d.Y
	p.Legend.Top, p.Legend.Left = d.LogX, d.LogX
	p.Add(plotter.NewGrid())
	p.Y.Min = 0
	if d.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	for i, series := range d.Series {
		points := make(plotter.XYs, len(series.X))
		for j := range points {
			points[j].X, points[j].Y = series.X[j], series.Y[j]
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return fmt.Errorf("%s: %w", series.Name, err)
		}
		line.Color, line.Width = plotutil.Color(i), vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(series.Name, line)
	}
	return p.Save(18*vg.Centimeter, 10*vg.Centimeter, path)
}

// Quantile returns the nearest-rank quantile of samples, q from 0 to 1; 0 of none.
func Quantile(samples []time.Duration, q float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// Spread formats the median of a measure that was taken several times, and its lowest and highest value if they read differently.
func Spread(format string, values []float64) string {
	sorted := slices.Sorted(slices.Values(values))
	median, low, high := fmt.Sprintf(format, sorted[len(sorted)/2]), fmt.Sprintf(format, sorted[0]), fmt.Sprintf(format, sorted[len(sorted)-1])
	if low == high {
		return median
	}
	return fmt.Sprintf("%s (%s to %s)", median, low, high)
}

// Milliseconds is a duration as a number.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// MS formats a duration in milliseconds.
func MS(d time.Duration) string {
	return fmt.Sprintf("%.*f ms", digits(Milliseconds(d)), Milliseconds(d))
}

// Ratio formats a ratio.
func Ratio[T time.Duration | float64 | int](a, b T) string {
	if b == 0 {
		return "-"
	}
	r := float64(a) / float64(b)
	return fmt.Sprintf("%.*f", digits(10*r), r)
}

// digits after the point, so that two or three digits count.
func digits(value float64) int {
	switch {
	case value >= 100:
		return 0
	case value >= 10:
		return 1
	}
	return 2
}
