package rules

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// panel is what matters here of a panel of a dashboard.
type panel struct {
	Title      string
	Datasource struct{ UID string }
	GridPos    struct{ X, Y, W, H int }
	Targets    []struct{ Expr, LegendFormat string }
}

// panels returns those of the dashboard in the ConfigMap that the chart renders.
func panels(t *testing.T) []panel {
	t.Helper()
	var object struct{ Data map[string]string }
	if err := yaml.Unmarshal(rendered(t, "dashboard"), &object); err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal([]byte(object.Data["bluegreen.json"]), &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) == 0 {
		t.Fatal("no panels")
	}
	return dashboard.Panels
}

var legendLabel = regexp.MustCompile(`{{(\w+)}}`)

// TestPanelsAskForMetricsThatAreDocumented also looks for legends that name a label which the query does not leave.
func TestPanelsAskForMetricsThatAreDocumented(t *testing.T) {
	page := documentation(t, "metrics")
	for _, panel := range panels(t) {
		if panel.Datasource.UID != "${datasource}" {
			t.Errorf("%s: the data source is %q", panel.Title, panel.Datasource.UID)
		}
		for _, target := range panel.Targets {
			for _, metric := range metricsOf(t, target.Expr) {
				if !strings.Contains(page, "| `"+metric+"` |") {
					t.Errorf("%s asks for %s, which is not in docs/metrics.md", panel.Title, metric)
				}
			}
			for _, label := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !regexp.MustCompile(`by \([^)]*\b` + label[1] + `\b`).MatchString(target.Expr) {
					t.Errorf("%s: the legend names %s, and the query %s does not", panel.Title, label[1], target.Expr)
				}
			}
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	taken := map[[2]int]string{}
	for _, panel := range panels(t) {
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is || x >= 24 {
					t.Fatalf("%s is over %q", panel.Title, other)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
	}
}

// TestPanelsShowWhatIsScraped evaluates each query on a cluster where everything happened.
func TestPanelsShowWhatIsScraped(t *testing.T) {
	counts := func(minute int) (float64, bool) { return float64(minute), true }
	happened := world{
		`bluegreen_services{namespace="shop",phase="Waiting"}`:                       always(1),
		`bluegreen_services{namespace="shop",phase="RolledBack"}`:                    always(1),
		`bluegreen_oldest_wait_timestamp_seconds{namespace="shop",phase="Waiting"}`:  always(1),
		`bluegreen_deployments_held_from_deletion{namespace="shop"}`:                 always(1),
		`bluegreen_webhook_reachable`:                                                always(1),
		`bluegreen_certificate_expiry_timestamp_seconds{certificate="serving"}`:      always(1),
		`leader_election_master_status{name="bluegreen"}`:                            always(1),
		`bluegreen_switches_total`:                                                   counts,
		`bluegreen_rollbacks_total`:                                                  counts,
		`bluegreen_failures_total{reason="NotReady"}`:                                counts,
		`bluegreen_held_writes_total{kind="deletion"}`:                               counts,
		`bluegreen_admissions_total{webhook="/mutate-v1-service",outcome="changed"}`: counts,
		`controller_runtime_reconcile_errors_total{controller="bluegreen"}`:          counts,
	}
	for _, histogram := range []string{
		"bluegreen_ask_to_ready_seconds", "bluegreen_ready_to_switched_seconds", "controller_runtime_webhook_latency_seconds",
	} {
		happened[histogram+`_bucket{webhook="/mutate-v1-service",le="10"}`] = counts
		happened[histogram+`_bucket{webhook="/mutate-v1-service",le="+Inf"}`] = counts
	}
	for _, panel := range panels(t) {
		for _, target := range panel.Targets {
			found := happened.query(t, strings.ReplaceAll(target.Expr, "$namespace", ".*"), 90)
			if len(found) == 0 || math.IsNaN(found[0].F) {
				t.Errorf("%s shows %v by %s", panel.Title, found, target.Expr)
			}
		}
	}
}

// metricsOf returns the metrics that an expression asks for.
func metricsOf(t *testing.T, expression string) []string {
	t.Helper()
	parsed, err := promQL.ParseExpr(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	var names []string
	for _, matchers := range parser.ExtractSelectors(parsed) {
		for _, matcher := range matchers {
			if matcher.Name == "__name__" {
				names = append(names, strings.TrimSuffix(matcher.Value, "_bucket"))
			}
		}
	}
	return names
}

// documentation returns a page of docs.
func documentation(t *testing.T, name string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/" + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
