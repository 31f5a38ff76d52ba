package rules

import (
	"strings"
	"testing"
	"time"
)

// expiry is when a certificate expires, that long after the tests begin, as a series.
func expiry(after time.Duration) func(int) (float64, bool) {
	return always(float64(start.Add(after).Unix()))
}

func TestAlertsFireWhenTheirCauseIsThereAndOnlyThen(t *testing.T) {
	const (
		reachable = `bluegreen_webhook_reachable{namespace="bluegreen-system",pod="a"}`
		serving   = `bluegreen_certificate_expiry_timestamp_seconds{namespace="bluegreen-system",certificate="serving",pod="a"}`
		leader    = `leader_election_master_status{name="bluegreen",namespace="bluegreen-system",pod="a"}`
		other     = `leader_election_master_status{name="bluegreen",namespace="bluegreen-system",pod="b"}`
		twoWeeks  = 14 * 24 * time.Hour
	)
	oldest := func(namespace, phase string) string {
		return `bluegreen_oldest_wait_timestamp_seconds{namespace="` + namespace + `",phase="` + phase + `",pod="a"}`
	}
	services := func(phase string) string { return `bluegreen_services{namespace="shop",phase="` + phase + `",pod="a"}` }
	since := always(float64(start.Unix()))
	for name, test := range map[string]struct {
		alert   string
		scraped world
		want    firing
	}{
		"a Service waits for more than an hour": {
			alert:   "BluegreenWaitsLong",
			scraped: world{oldest("shop", "Waiting"): since},
			want:    firing{61, "A Service in namespace shop has waited for its target for 1h 1m 0s."},
		},
		"it waits, and another replica leads meanwhile": {
			alert: "BluegreenWaitsLong",
			scraped: world{
				oldest("shop", "Waiting"): func(minute int) (float64, bool) { return float64(start.Unix()), minute < 30 },
				strings.Replace(oldest("shop", "Waiting"), `pod="a"`, `pod="b"`, 1): from(30, float64(start.Unix())),
			},
			want: firing{61, "A Service in namespace shop has waited for its target for 1h 1m 0s."},
		},
		"a Service waits for approval": {
			alert:   "BluegreenWaitsLong",
			scraped: world{oldest("shop", "Paused"): since},
			want:    firing{minute: never},
		},
		"each ask is carried out within the hour": {
			alert: "BluegreenWaitsLong",
			scraped: world{oldest("shop", "Waiting"): func(minute int) (float64, bool) {
				return float64(start.Add(time.Duration(minute/50*50) * time.Minute).Unix()), true
			}},
			want: firing{minute: never},
		},
		"two Services are rolled back": {
			alert:   "BluegreenGaveUp",
			scraped: world{services("RolledBack"): from(3, 2), services("Stable"): always(40)},
			want:    firing{3, "2 Services in namespace shop are RolledBack."},
		},
		"an ask has failed": {
			alert:   "BluegreenGaveUp",
			scraped: world{services("Failed"): from(3, 1)},
			want:    firing{3, "1 Services in namespace shop are Failed."},
		},
		"all is well": {
			alert:   "BluegreenGaveUp",
			scraped: world{services("Stable"): always(40), services("Waiting"): always(1)},
			want:    firing{minute: never},
		},
		"the webhook is not reached": {
			alert:   "BluegreenWebhookUnreachable",
			scraped: world{reachable: during(1, 60, 0)},
			want:    firing{6, "The API server does not reach bluegreen's webhook in namespace bluegreen-system."},
		},
		"the webhook is not reached for a moment": {
			alert:   "BluegreenWebhookUnreachable",
			scraped: world{reachable: during(1, 5, 0)},
			want:    firing{minute: never},
		},
		"the webhook of another installation is not reached": {
			alert:   "BluegreenWebhookUnreachable",
			scraped: world{reachable: always(1), strings.Replace(reachable, "bluegreen-system", "theirs", 1): always(0)},
			want:    firing{minute: never},
		},
		"a certificate comes near its end": {
			alert:   "BluegreenCertificateExpires",
			scraped: world{serving: expiry(twoWeeks + 10*time.Minute), strings.Replace(serving, "serving", "ca", 1): expiry(2 * twoWeeks)},
			want:    firing{71, "The serving certificate of bluegreen's webhook expires in 13d 22h 59m 0s."},
		},
		"a certificate is renewed in time": {
			alert:   "BluegreenCertificateExpires",
			scraped: world{serving: expiry(2 * twoWeeks)},
			want:    firing{minute: never},
		},
		"nobody leads": {
			alert:   "BluegreenNoLeader",
			scraped: world{leader: during(2, 60, 0), other: always(0)},
			want:    firing{7, "No replica of bluegreen in namespace bluegreen-system leads."},
		},
		"nobody is there, but another installation": {
			alert:   "BluegreenNoLeader",
			scraped: world{strings.Replace(leader, "bluegreen-system", "theirs", 1): always(1)},
			want:    firing{5, "No replica of bluegreen in namespace bluegreen-system leads."},
		},
		"the leader changes": {
			alert:   "BluegreenNoLeader",
			scraped: world{leader: during(2, 200, 0), other: from(4, 1)},
			want:    firing{minute: never},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rule, found := alerts(t)[test.alert]
			if !found {
				t.Fatalf("the chart has no alert %s", test.alert)
			}
			if got := evaluate(t, rule, test.scraped); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// TestAlertsSayWhatToDoAndUseMetricsThatAreDocumented: that those metrics are served is what a test of the table in docs/metrics.md is for.
func TestAlertsSayWhatToDoAndUseMetricsThatAreDocumented(t *testing.T) {
	page, runbook := documentation(t, "metrics"), documentation(t, "operate")
	if sections := strings.Count(runbook, "\n### Bluegreen"); sections != len(alerts(t)) {
		t.Errorf("docs/operate.md has %d sections about alerts, and the chart %d alerts", sections, len(alerts(t)))
	}
	for name, rule := range alerts(t) {
		if !strings.Contains(runbook, "\n### "+name+"\n") || !strings.HasSuffix(rule.Annotations["runbook_url"],
			"/docs/operate.md#"+strings.ToLower(name)) {
			t.Errorf("%s has no section in docs/operate.md, or %q is not its address", name, rule.Annotations["runbook_url"])
		}
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("%s lacks a summary, a description or a severity", name)
		}
		if !strings.Contains(page, "| `"+name+"` |") {
			t.Errorf("%s is not in docs/metrics.md", name)
		}
		for _, metric := range metricsOf(t, rule.Expr) {
			if !strings.Contains(page, "| `"+metric+"` |") {
				t.Errorf("%s asks for %s, which is not in docs/metrics.md", name, metric)
			}
		}
	}
}
