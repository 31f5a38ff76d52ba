// Package rules tests the alerts of the chart, as helm renders them, with Prometheus' own parser and engine.
package rules

import (
	"os/exec"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"
)

// rendered returns what the chart makes of one of its templates.
func rendered(t *testing.T, template string) []byte {
	t.Helper()
	object, err := exec.CommandContext(t.Context(), "helm", "template", "bluegreen", "../../charts/bluegreen",
		"--namespace", "bluegreen-system", "--set", "metrics.prometheusRule.enabled=true,metrics.dashboard.enabled=true",
		"--show-only", "templates/"+template+".yaml").Output()
	if err != nil {
		t.Fatalf("running helm (make test-tools builds it): %v", err)
	}
	return object
}

// alerts returns the rules that the chart renders, by name. Prometheus' own parser reads them, and refuses what is wrong: an expression,
// a template, a field.
func alerts(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	var object struct {
		Spec yaml.Node `yaml:"spec"`
	}
	if err := yaml.Unmarshal(rendered(t, "prometheusrule"), &object); err != nil {
		t.Fatal(err)
	}
	spec, err := yaml.Marshal(&object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(spec, false, model.UTF8Validation, promQL, promslog.NewNopLogger())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	rules := map[string]rulefmt.Rule{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			rules[rule.Alert] = rule
		}
	}
	return rules
}
