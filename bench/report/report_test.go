package report

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	samples := []time.Duration{4, 1, 3, 2}
	for q, want := range map[float64]time.Duration{0: 1, 0.25: 1, 0.5: 2, 0.75: 3, 0.99: 4, 1: 4} {
		if got := Quantile(samples, q); got != want {
			t.Errorf("%v: got %v, want %v", q, got, want)
		}
	}
	if got := Quantile(nil, 0.5); got != 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestSpread(t *testing.T) {
	for want, values := range map[string][]float64{"2.0 (1.5 to 9.0)": {9, 1.5, 2}, "3.0": {3.01, 3, 2.99}} {
		if got := Spread("%.1f", values); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAPlotIsDrawn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plot.svg")
	took := []time.Duration{time.Millisecond, 3 * time.Millisecond}
	p := Plot{Title: "t", X: "ms", Y: "%", LogX: true, Series: []Series{Distribution("a", took)}}
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || len(content) < 1000 {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}
