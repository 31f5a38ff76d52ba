// Package metrics is what an operator watches. docs/metrics.md lists every metric, with who serves it. No label names an object: there
// may be many thousands.
package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Kinds of held writes.
const (
	HeldSelector  = "selector"
	HeldDeletion  = "deletion"
	HeldScaleDown = "scale-down"
	HeldRollout   = "rollout"
)

// Reasons of failures.
const (
	failedNotReady       = "NotReady"
	failedCheck          = "CheckFailed"
	failedCouldNotReturn = "CouldNotReturn"
)

// Held counts writes whose effect waits until traffic has moved, by kind.
var Held = zero(prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "bluegreen_held_writes_total",
	Help: "Writes of users whose effect this process has held until traffic has moved, by kind.",
}, []string{"kind"}), HeldSelector, HeldDeletion, HeldScaleDown, HeldRollout)

// Admissions counts writes that a webhook has admitted or refused, by its path and what became of them.
var Admissions = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "bluegreen_admissions_total",
	Help: "Writes that the webhook of this process was asked about, by path and what became of them.",
}, []string{"webhook", "outcome"})

// NamespacesLeftOut is how many namespaces the process does not work in though it should.
var NamespacesLeftOut = prometheus.NewGauge(prometheus.GaugeOpts{
	Name: "bluegreen_namespaces_left_out",
	Help: "Namespaces of --watch-namespaces that this process may not read, and does not work in.",
})

// webhookReachable has no value as long as that is not known.
var webhookReachable = prometheus.NewGaugeVec(prometheus.GaugeOpts{
	Name: "bluegreen_webhook_reachable",
	Help: "Whether the API server reaches the webhook: 1, or 0 if writes go past it.",
}, nil)

// SetWebhookReachable notes whether the API server reaches the webhook.
func SetWebhookReachable(reachable bool) {
	value := 0.0
	if reachable {
		value = 1
	}
	webhookReachable.WithLabelValues().Set(value)
}

var (
	switches = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "bluegreen_switches_total",
		Help: "Switches of a Service to another version that this process has carried out.",
	})
	rollbacks = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "bluegreen_rollbacks_total",
		Help: "Returns of traffic to the version before, because what went live broke, that this process has carried out.",
	})
	failures = zero(prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bluegreen_failures_total",
		Help: "Asks and versions that this process has given up, by reason.",
	}, []string{"reason"}), failedNotReady, failedCheck, failedCouldNotReturn)

	askToReady = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "bluegreen_ask_to_ready_seconds",
		Help:    "Time from an ask to when its version was seen ready.",
		Buckets: waits,
	})
	readyToSwitched = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "bluegreen_ready_to_switched_seconds",
		Help:    "Time from when a version was seen ready to its switch, if it waited for more than that.",
		Buckets: waits,
	})
)

// waits are buckets from what a pod needs to start to what people need to approve, in seconds.
var waits = []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600}

// Register makes the metrics part of what a registry serves. A Census and Certificates are registered by who makes them.
func Register(registry prometheus.Registerer) error {
	var errs []error
	for _, metric := range []prometheus.Collector{
		switches, rollbacks, failures, askToReady, readyToSwitched, Held, Admissions, NamespacesLeftOut, webhookReachable,
	} {
		errs = append(errs, registry.Register(metric))
	}
	return errors.Join(errs...)
}

// zero makes a counter start at 0 for each value of its label: an increase from nothing is none for Prometheus.
func zero(counter *prometheus.CounterVec, values ...string) *prometheus.CounterVec {
	for _, value := range values {
		counter.WithLabelValues(value)
	}
	return counter
}
