package bluegreentest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// block is a line of a coverage profile: where a block of options.go begins and ends, its statements, and how often it ran.
var block = regexp.MustCompile(`pkg/bluegreen/options\.go:(\d+)\.\d+,\d+\.\d+ \d+ (\d+)`)

// CountParses runs a part of the calling package's tests or benchmarks with go test, and returns how often they read the
// annotations of a Service: how often the first block of options.go, that of parse, was run.
func CountParses(t *testing.T, args ...string) int {
	t.Helper()
	profile := filepath.Join(t.TempDir(), "cover.out")
	command := exec.CommandContext(t.Context(), "go", append([]string{"test", ".", "-count=1", "-covermode=count",
		"-coverpkg=github.com/bluegreen-k8s/bluegreen/pkg/bluegreen", "-coverprofile=" + profile}, args...)...)
	if printed, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, printed)
	}
	written, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	first, count := 0, -1
	for _, found := range block.FindAllStringSubmatch(string(written), -1) {
		line, _ := strconv.Atoi(found[1])
		if first == 0 || line < first {
			first = line
			count, _ = strconv.Atoi(found[2])
		}
	}
	if count < 0 {
		t.Fatalf("the profile does not cover options.go:\n%s", written)
	}
	return count
}
