// Package dashboard reads the dashboard of the chart, and draws its panels from what a Prometheus has scraped.
package dashboard

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/prometheus/common/model"
)

// Panel is one of the dashboard.
type Panel struct {
	Title       string
	Type        string
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults  Look
		Overrides []Override
	}
	Targets []Target
}

// Look is how a panel shows its values.
type Look struct {
	Unit     string
	Mappings []struct {
		Options map[string]struct{ Text string }
	}
	Thresholds struct {
		Steps []struct {
			Color string
			Value *float64
		}
	}
	Custom struct {
		FillOpacity float64
		Stacking    struct{ Mode string }
	}
}

// stacks reports whether the panel shows its series one upon the other.
func (l Look) stacks() bool { return l.Custom.Stacking.Mode == "normal" }

// Override gives a series, which it knows by its name, a colour of its own.
type Override struct {
	Matcher    struct{ Options string }
	Properties []struct{ Value struct{ FixedColor string } }
}

// Target is a query of a panel.
type Target struct{ Expr, LegendFormat string }

// Read returns the panels of the dashboard in a checkout.
func Read(root string) ([]Panel, error) {
	content, err := os.ReadFile(filepath.Join(root, "charts/bluegreen/dashboards/bluegreen.json"))
	if err != nil {
		return nil, err
	}
	var dashboard struct{ Panels []Panel }
	return dashboard.Panels, json.Unmarshal(content, &dashboard)
}

// Query returns what the target asks Prometheus for, in all namespaces.
func (t Target) Query() string { return strings.ReplaceAll(t.Expr, "$namespace", ".*") }

var labelInLegend = regexp.MustCompile(`{{(\w+)}}`)

// legend returns how the target names a series.
func (t Target) legend(of model.Metric) string {
	return labelInLegend.ReplaceAllStringFunc(t.LegendFormat, func(label string) string {
		return string(of[model.LabelName(strings.Trim(label, "{}"))])
	})
}

// colour returns that of a series by its name, and by which one of the panel it is.
func (p Panel) colour(name string, number int) string {
	for _, override := range p.FieldConfig.Overrides {
		if override.Matcher.Options == name {
			return override.Properties[0].Value.FixedColor
		}
	}
	return palette[number%len(palette)]
}
