package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSmoke runs every experiment that needs no node, small: the harness works, and the page has a place for what it found. How
// long anything takes is not asserted.
func TestSmoke(t *testing.T) {
	page, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := t.TempDir()
	if err := os.WriteFile(filepath.Join(docs, "performance.md"), page, 0o644); err != nil {
		t.Fatal(err)
	}
	b := &bench{docs: docs, size: size{switches: 4, script: 1, storm: 20, rates: []int{50}, managed: []int{5, 10}, plain: 20, rest: 500 * time.Millisecond}}
	if err := b.build(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, experiment := range experiments {
		t.Run(experiment.name, func(t *testing.T) {
			if err := experiment.run(b, t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	after, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"| bluegreen | 4 |", "| script | 1 |", "| bluegreen | ", "| 10 (20) |", "| 50 | ", "managed ones: 0."} {
		if !strings.Contains(string(after), row) {
			t.Errorf("the page lacks a row %q:\n%s", row, after)
		}
	}
	for _, plot := range []string{"performance-latency.svg", "performance-readiness.svg", "performance-storm.svg", "performance-scale.svg"} {
		if _, err := os.Stat(filepath.Join(docs, plot)); err != nil {
			t.Error(err)
		}
	}
}
