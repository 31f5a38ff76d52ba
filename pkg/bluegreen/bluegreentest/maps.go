package bluegreentest

import (
	"maps"
	"testing"
)

// Pairs returns a map of keys and values in turn; nil of none.
func Pairs(keysAndValues ...string) map[string]string {
	if len(keysAndValues) == 0 {
		return nil
	}
	built := map[string]string{}
	for i := 0; i < len(keysAndValues); i += 2 {
		built[keysAndValues[i]] = keysAndValues[i+1]
	}
	return built
}

// EqualMaps fails a test unless two maps are equal.
func EqualMaps(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// StableOn returns the annotations of a Service at rest on its target.
func StableOn(target string) map[string]string {
	return Pairs("bluegreen/target-version", target, "bluegreen/phase", "Stable")
}

// WaitsFor returns the annotations of a Service that waits for its target.
func WaitsFor(target, message string) map[string]string {
	return Pairs("bluegreen/target-version", target, "bluegreen/phase", "Waiting", "bluegreen/message", message)
}
