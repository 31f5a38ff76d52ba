//go:build e2e

package clients

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// printed returns the Service that the client printed.
func (c *cell) printed() *corev1.Service {
	c.Helper()
	shown := &corev1.Service{}
	if err := yaml.Unmarshal([]byte(c.said.stdout), shown); err != nil {
		c.Fatalf("no Service in:\n%s", c.said.stdout)
	}
	return shown
}

// showsDiff has kubectl diff show a manifest that asks for a version: the ask, and that it waits, and no other selector.
func (c *cell) showsDiff(m manifest) {
	c.Helper()
	var result said
	if c.client.file != nil {
		result = c.kubectlFile(append([]string{"diff"}, c.client.file[1:]...), marshal(m.object()))
	} else {
		result = c.kubectl("diff", "--kustomize", c.kustomization(m))
	}
	if !strings.Contains(result.stdout, "bluegreen/phase: Waiting") {
		c.Errorf("the diff does not show that it would wait:\n%s", result.stdout)
	}
	added := regexp.MustCompile(`(?m)^\+    [^ ].*$`).FindAllString(result.stdout, -1)
	if want := `+    bluegreen/target-version: "` + m.Annotations[bluegreen.TargetVersion] + `"`; !slices.Contains(added, want) {
		c.Errorf("no %q in:\n%s", want, result.stdout)
	}
	if slices.ContainsFunc(added, func(line string) bool { return strings.HasPrefix(line, "+    version:") }) {
		c.Errorf("the diff shows another selector:\n%s", result.stdout)
	}
}
