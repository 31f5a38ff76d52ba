//go:build e2e

package clients

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// What a cell must show.

// expectation is what must come of a situation, as the outcomes that a cell records, each once.
type expectation struct {
	outcome string
	// exact tells a write that changes nothing at all from one that only moves nothing.
	exact bool
	// except are the clients with which something else comes of it, by their names.
	except map[string]exception
}

// exception is what else comes of it, and why.
type exception struct{ outcome, why string }

// of returns what a client must show.
func (e expectation) of(client client) string {
	if exception, excepted := e.except[client.name]; excepted {
		return exception.outcome
	}
	return e.outcome
}

// text returns outcomes as the table has them.
func (e expectation) text(outcomes []outcome) string {
	var words []string
	for _, outcome := range outcomes {
		if outcome == nothing && !e.exact {
			outcome = kept
		}
		words = append(words, string(outcome))
	}
	return strings.Join(slices.Compact(words), ", ")
}

// record notes an outcome for the table.
func (c *cell) record(outcome outcome) { c.outcomes = append(c.outcomes, outcome) }

// heard fails the cell unless the client was told all parts.
func (c *cell) heard(parts ...string) {
	c.Helper()
	for _, part := range parts {
		if text := strings.ReplaceAll(c.said.Stderr, `\"`, `"`); !strings.Contains(text, part) {
			c.Errorf("the client was not told %q:\n%s", part, text)
		}
	}
}

// becomesReady makes a version ready, which moves the traffic that waits for it.
func (c *cell) becomesReady(version string) {
	c.Helper()
	c.setReady(version)
	c.moves.expect(version)
	c.awaitVersion(service, version)
}

// staysThough makes a version ready to which nothing moves. Another Service, which does ask for it, shows that bluegreen has
// seen that.
func (c *cell) staysThough(version string) {
	c.Helper()
	fence := selecting("0").with(bluegreen.TargetVersion, version).object()
	fence.Name = "fence"
	c.createService(fence)
	c.setReady(version)
	c.awaitVersion(fence.Name, version)
	if err := cluster.CoreV1().Services(c.name).Delete(c.Context(), fence.Name, metav1.DeleteOptions{}); err != nil {
		c.Fatal(err)
	}
}

// reaches waits for a phase.
func (c *cell) reaches(phase bluegreen.Phase) {
	c.Helper()
	c.awaitService(service, string(phase), func(s *corev1.Service) bool { return s.Annotations[bluegreen.PhaseKey] == string(phase) })
}

// stillSays fails the cell if the Service says anything else of itself than bluegreen did.
func (c *cell) stillSays(phase bluegreen.Phase) {
	c.Helper()
	current := c.get()
	if got := current.Annotations[bluegreen.PhaseKey]; got != string(phase) || current.Annotations[bluegreen.MessageKey] == "" {
		c.Errorf("phase %q, message %q", got, current.Annotations[bluegreen.MessageKey])
	}
}

// isPlain fails the cell if anything of bluegreen's is left on the Service.
func (c *cell) isPlain() {
	c.Helper()
	if left := bluegreen.Annotations(c.get()); len(left) > 0 {
		c.Errorf("left behind: %v", left)
	}
}

// isUnwritten fails the cell if the Service was written since it was seen so.
func (c *cell) isUnwritten(before *corev1.Service, by string) {
	c.Helper()
	if c.get().ResourceVersion != before.ResourceVersion {
		c.Errorf("%s wrote the Service", by)
	}
}

// printed returns the Service that the client printed.
func (c *cell) printed() *corev1.Service {
	c.Helper()
	shown := &corev1.Service{}
	if err := yaml.Unmarshal([]byte(c.said.Stdout), shown); err != nil {
		c.Fatalf("no Service in:\n%s", c.said.Stdout)
	}
	return shown
}

// showsDiff has kubectl diff show a manifest that asks for a version: the ask, and that it waits, and no other selector.
func (c *cell) showsDiff(m manifest) {
	c.Helper()
	var result harness.Output
	if c.client.file != nil {
		result = c.kubectlFile(append([]string{"diff"}, c.client.file[1:]...), marshal(m.object()))
	} else {
		result = c.kubectl("diff", "--kustomize", c.kustomization(m))
	}
	if !strings.Contains(result.Stdout, "bluegreen/phase: Waiting") {
		c.Errorf("the diff does not show that it would wait:\n%s", result.Stdout)
	}
	added := regexp.MustCompile(`(?m)^\+    [^ ].*$`).FindAllString(result.Stdout, -1)
	if want := `+    bluegreen/target-version: "` + m.Annotations[bluegreen.TargetVersion] + `"`; !slices.Contains(added, want) {
		c.Errorf("no %q in:\n%s", want, result.Stdout)
	}
	if slices.ContainsFunc(added, func(line string) bool { return strings.HasPrefix(line, "+    version:") }) {
		c.Errorf("the diff shows another selector:\n%s", result.Stdout)
	}
}
