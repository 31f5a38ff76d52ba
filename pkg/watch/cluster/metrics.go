package cluster

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var switches = prometheus.NewCounter(prometheus.CounterOpts{
	Name: "bluegreen_switches_total",
	Help: "Switches of a Service to another version that this process has carried out.",
})

// RegisterMetrics makes the controller's metrics part of /metrics.
func RegisterMetrics() error { return metrics.Registry.Register(switches) }
