package prometheus

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// hour is how long an hour of waiting takes in the alerts of a test, and faster how many times shorter that is. `for: 5m` becomes 833 ms.
const (
	hour   = 10 * time.Second
	faster = time.Hour / hour
)

// groups are the rules of a PrometheusRule, which are those of a file of Prometheus.
type groups struct {
	Groups []group `json:"groups"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         model.Duration    `json:"for,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// rules returns those of the chart.
func rules(t *testing.T, cluster *harness.Cluster) groups {
	t.Helper()
	var object struct {
		Spec groups `json:"spec"`
	}
	render(t, cluster, "prometheusrule", &object)
	return object.Spec
}

// shorten makes the alerts fire sooner: for how long their cause has to last, and how long an ask may wait. Nothing else is changed; a
// certificate has to be as near its end as it says.
func shorten(all groups) groups {
	for _, group := range all.Groups {
		for i, rule := range group.Rules {
			group.Rules[i].For = rule.For / model.Duration(faster)
			group.Rules[i].Expr = strings.ReplaceAll(rule.Expr, "> 3600", fmt.Sprintf("> %d", int(hour.Seconds())))
		}
	}
	return all
}
