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
	FieldConfig struct{ Defaults Look }
	Targets     []Target
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
	Custom struct{ Stacking struct{ Mode string } }
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
