package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
)

// TestSmoke runs every experiment that needs no node, small: the harness works, and the page has a place for what it found. How
// long anything takes is not asserted.
func TestSmoke(t *testing.T) {
	page, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	small := bench{size: size{
		switches: 4,
		script:   1,
		storm:    20,
		storms:   1,
		rates:    []int{50},
		managed:  []int{5, 10},
		starts:   []int{3, 6},
		plain:    20,
		rest:     500 * time.Millisecond,
	}}
	if err := small.build(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{
		"latency":   {"| bare loop | 4 |", "| bluegreen | 4 |", "| script | 1 |"},
		"readiness": {"| bare loop | 4 |", "| bluegreen | 4 |"},
		"storm":     {"| 20 Services at once, storms: 1 |"},
		"scale":     {"| 5 (10) |", "| 10 (20) |"},
		"start":     {"| streamed | 3 |", "| not streamed | 6 |"},
		"webhook":   {"| 50 | ", "managed ones: 0."},
	}
	plots := sets.New("latency", "readiness", "storm", "scale")
	for _, experiment := range experiments {
		if rows[experiment.name] == nil {
			continue // It needs a node.
		}
		t.Run(experiment.name, func(t *testing.T) {
			t.Parallel()
			b := small
			b.docs = t.TempDir()
			filled := filepath.Join(b.docs, "performance.md")
			if err := os.WriteFile(filled, page, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := experiment.run(&b, t.Context()); err != nil {
				t.Fatal(err)
			}
			after, err := os.ReadFile(filled)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows[experiment.name] {
				if !strings.Contains(string(after), row) {
					t.Errorf("the page lacks a row %q:\n%s", row, after)
				}
			}
			if _, err := os.Stat(filepath.Join(b.docs, "performance-"+experiment.name+".svg")); plots.Has(experiment.name) && err != nil {
				t.Error(err)
			}
		})
	}
}
