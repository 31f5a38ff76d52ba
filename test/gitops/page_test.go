//go:build e2e

package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// page is where a user reads how to set an engine up for bluegreen.
func page() string { return filepath.Join(cluster.Root, "docs/clients.md") }

// example returns the path of a file in examples.
func example(name string) string { return filepath.Join(cluster.Root, "examples", name) }

// readDocumented reads the YAML that the page shows, indented, after a line.
func readDocumented(line string, into any) error {
	content, err := os.ReadFile(page())
	if err != nil {
		return err
	}
	_, rest, found := strings.Cut(string(content), "\n"+line+"\n")
	if !found {
		return fmt.Errorf("%s has no line %q", page(), line)
	}
	var shown strings.Builder
	for text := range strings.Lines(rest) {
		switch {
		case strings.HasPrefix(text, "    "):
			shown.WriteString(text[4:])
		case shown.Len() > 0:
			return yaml.UnmarshalStrict([]byte(shown.String()), into)
		}
	}
	return fmt.Errorf("%s shows nothing after %q", page(), line)
}
