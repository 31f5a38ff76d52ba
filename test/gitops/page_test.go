//go:build e2e

package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// page is where a user reads how to set an engine up for bluegreen.
func page() string { return filepath.Join(cluster.Root, "docs/clients.md") }

// documented returns the YAML that the page shows from a line on, as far as it is indented deeper, without the line's indentation.
func documented(line string) (string, error) {
	content, err := os.ReadFile(page())
	if err != nil {
		return "", err
	}
	var shown []string
	depth := -1
	for text := range strings.Lines(string(content)) {
		at := len(text) - len(strings.TrimLeft(text, " "))
		switch {
		case depth < 0 && strings.TrimSpace(text) == line:
			depth = at
		case depth >= 0 && at <= depth:
			return strings.Join(shown, ""), nil
		}
		if depth >= 0 {
			shown = append(shown, text[depth:])
		}
	}
	return "", fmt.Errorf("%s does not show %q", page(), line)
}

// indent puts YAML below a key.
func indent(prefix, text string) string {
	return prefix + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+prefix)
}
