//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

func kubectl(t *testing.T, args ...string) harness.Output {
	t.Helper()
	return harness.Run(t, "kubectl", args...)
}

func helm(t *testing.T, args ...string) harness.Output {
	t.Helper()
	return harness.Run(t, "helm", args...)
}

// installArgs are the arguments of helm install and helm upgrade for the chart that ships, with the image under test.
func installArgs() []string {
	repository, tag, _ := strings.Cut(harness.Image(), ":")
	return []string{release, filepath.Join(cluster.Root, "charts/bluegreen"), "--namespace", installed, "--create-namespace",
		"--set", "image.repository=" + repository, "--set", "image.tag=" + tag}
}

// example returns the path of a file in examples/nginx.
func example(name string) string {
	return filepath.Join(cluster.Root, "examples/nginx", name)
}

// edited writes a copy of an example with every match of a pattern replaced, as somebody's editor would.
func edited(t *testing.T, name, pattern, replacement string) string {
	t.Helper()
	content, err := os.ReadFile(example(name))
	if err != nil {
		t.Fatal(err)
	}
	changed := regexp.MustCompile(pattern).ReplaceAll(content, []byte(replacement))
	if bytes.Equal(content, changed) {
		t.Fatalf("%s has nothing that matches %s", name, pattern)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// contains fails the test unless the text has all parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

// commandIn returns the command in which a text ends, after a prefix.
func commandIn(t *testing.T, text, prefix string) string {
	t.Helper()
	_, command, found := strings.Cut(text, prefix)
	if !found {
		t.Fatalf("no %q in:\n%s", prefix, text)
	}
	return strings.TrimSpace(command)
}
