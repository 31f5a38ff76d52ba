// Package metricstest reads metrics as a Prometheus does, for tests.
package metricstest

import (
	"maps"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
)

// Served returns what some collectors serve, by name and labels. Of a histogram, sum and count are enough.
func Served(t *testing.T, collectors ...prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	for _, collector := range collectors {
		if err := registry.Register(collector); err != nil {
			t.Fatal(err)
		}
	}
	return read(t, registry)
}

// Counted returns by how much the metrics of this process grow meanwhile; those that stay are left out.
func Counted(t *testing.T, meanwhile func()) map[string]float64 {
	t.Helper()
	registry := ofProcess(t)
	before := read(t, registry)
	meanwhile()
	grown := read(t, registry)
	for name := range grown {
		grown[name] -= before[name]
	}
	maps.DeleteFunc(grown, func(_ string, by float64) bool { return by == 0 })
	return grown
}

// Value returns the value that a metric of this process has now.
func Value(t *testing.T, name string) float64 {
	t.Helper()
	value, served := read(t, ofProcess(t))[name]
	if !served {
		t.Errorf("%s is not served", name)
	}
	return value
}

// ofProcess returns a registry of the metrics of this process.
func ofProcess(t *testing.T) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := metrics.Register(registry); err != nil {
		t.Fatal(err)
	}
	return registry
}

func read(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if answer.Code != 200 {
		t.Fatal(answer.Body)
	}
	return Parse(t, answer.Body.String())
}

// Parse reads a page of metrics.
func Parse(t *testing.T, page string) map[string]float64 {
	t.Helper()
	served := map[string]float64{}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") || strings.Contains(line, "_bucket{") {
			continue
		}
		line = strings.TrimSpace(line)
		end := strings.LastIndex(line, " ")
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			t.Fatalf("reading %s: %v", line, err)
		}
		served[line[:end]] = value
	}
	return served
}
