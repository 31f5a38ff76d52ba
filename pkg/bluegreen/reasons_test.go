package bluegreen_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// toldToNobody are the reasons of decisions that no Event tells.
var toldToNobody = []string{"Stable", "InUse", "Draining", "PodsServe", "UsedAgain", "Unused", "Orphaned", "Stays"}

// TestEachReasonOfAnEventIsDocumented compares reasons.go with the tables of docs/annotations.md: whoever subscribes to Events finds there
// all that there are.
func TestEachReasonOfAnEventIsDocumented(t *testing.T) {
	told := matches(t, "reasons.go", `Reason = "(\w+)"`)
	for _, reason := range toldToNobody {
		if !told[reason] {
			t.Errorf("there is no reason %s", reason)
		}
		delete(told, reason)
	}
	documented := map[string]bool{}
	for cell := range matches(t, "../../docs/annotations.md", "(?m)^\\| (`[A-Z][^|]*) \\|") {
		for _, reason := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(cell, -1) {
			documented[reason[1]] = true
		}
	}
	if !maps.Equal(told, documented) {
		t.Errorf("told:       %s\ndocumented: %s", sorted(told), sorted(documented))
	}
}

// matches returns what a pattern finds in a file.
func matches(t *testing.T, file, pattern string) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(content), -1) {
		found[match[1]] = true
	}
	return found
}

func sorted(set map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(set)), " ") }
