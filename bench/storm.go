package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
)

// gust is what a storm did to one peer.
type gust struct {
	took    []time.Duration // From each signal to its switch.
	moved   []time.Duration // From the first signal to each switch, in order.
	signals time.Duration   // From the first signal to the last.
	writes  int             // Of Services.
	usage   plane.Usage     // Of the process, after the storm.
}

// storm has many Services switch at once: all are asked to, and then every target becomes ready, as fast as the API server
// takes that. Each peer has a control plane of its own, for a storm leaves much behind.
func (b *bench) storm(ctx context.Context) error {
	peers := b.peers(deploymentStatus{}, replicaSetStatus{})
	var gusts []gust
	for _, peer := range peers {
		one, err := b.blow(ctx, peer)
		if err != nil {
			return fmt.Errorf("%s: %w", peer.name(), err)
		}
		gusts = append(gusts, one)
	}
	return b.reportStorm(peers, gusts)
}

func (b *bench) blow(ctx context.Context, peer peer) (gust, error) {
	units, calm := b.size.storm, b.size.rest/20
	p, ctx, err := plane.Start(ctx, b.crds...)
	if err != nil {
		return gust{}, err
	}
	defer p.Stop()
	if err := playReplicaSets(ctx, p); err != nil {
		return gust{}, err
	}
	if err := peer.start(ctx, p, units); err != nil {
		return gust{}, err
	}
	if err := each(ctx, units, peer.arm); err != nil {
		return gust{}, fmt.Errorf("arming: %w", err)
	}
	time.Sleep(calm)
	start := time.Now()
	if err := each(ctx, units, peer.signal); err != nil {
		return gust{}, fmt.Errorf("signalling: %w", err)
	}
	var result gust
	var last time.Duration
	for unit := range units {
		signal, effect, err := peer.await(ctx, unit, start)
		if err != nil {
			return gust{}, err
		}
		result.took = append(result.took, effect.Sub(signal))
		result.moved = append(result.moved, effect.Sub(start))
		last = max(last, signal.Sub(start))
	}
	slices.Sort(result.moved)
	time.Sleep(calm) // For writes that come after.
	result.signals, result.writes = last, peer.observed().count(start, func(key string) bool { return strings.HasPrefix(key, keyOf("Service", "")) })
	result.usage, err = plane.UsageOf(peer.pid())
	return result, err
}

// rate is that of the switches, in a second.
func (g gust) rate() float64 { return float64(len(g.moved)) / g.moved[len(g.moved)-1].Seconds() }

func (b *bench) reportStorm(peers []peer, gusts []gust) error {
	table := report.Table{Head: []string{fmt.Sprintf("%d Services at once", b.size.storm), "last signal after", "last switch after", "switches/s", "as a share of the limit's",
		"signal to switch, median", "p99", "p99, as a share of the last one's", "writes of Services", "memory at most"}}
	plot := report.Plot{Title: fmt.Sprintf("%d Services at once", b.size.storm), X: "seconds since the first signal", Y: "% switched"}
	slowest := report.Quantile(gusts[len(gusts)-1].took, 0.99)
	for i, peer := range peers {
		g := gusts[i]
		table.Add(peer.name(), seconds(g.signals), seconds(g.moved[len(g.moved)-1]), fmt.Sprintf("%.0f", g.rate()), report.Ratio(g.rate(), gusts[0].rate()),
			report.MS(report.Quantile(g.took, 0.5)), report.MS(report.Quantile(g.took, 0.99)), report.Ratio(report.Quantile(g.took, 0.99), slowest), fmt.Sprint(g.writes), mebibytes(g.usage.Peak))
		line := report.Distribution(peer.name(), g.moved)
		for j := range line.X {
			line.X[j] /= 1000
		}
		plot.Series = append(plot.Series, line)
	}
	return b.publish("storm", strings.TrimSpace(table.String()), map[string]report.Plot{"performance-storm.svg": plot})
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
