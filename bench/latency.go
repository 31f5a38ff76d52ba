package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
)

// settle is a moment in which nothing happens, before what is timed.
const settle = 30 * time.Millisecond

// latency times single switches, from a peer's own signal to the new selector. The peers take turns, so that whatever the
// machine does meets all of them.
func (b *bench) latency(ctx context.Context) error {
	p, ctx, err := plane.Start(ctx, b.crds...)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := playReplicaSets(ctx, p); err != nil {
		return err
	}
	peers := b.peers(deploymentStatus{}, replicaSetStatus{})
	for _, peer := range peers {
		if err := peer.start(ctx, p, 1); err != nil {
			return fmt.Errorf("%s: %w", peer.name(), err)
		}
	}
	took := map[string][]time.Duration{}
	for range b.size.switches {
		for _, peer := range peers {
			one, err := timeSwitch(ctx, peer, 0)
			if err != nil {
				return fmt.Errorf("%s: %w", peer.name(), err)
			}
			took[peer.name()] = append(took[peer.name()], one)
		}
	}
	return b.reportLatency(peers, took)
}

func timeSwitch(ctx context.Context, peer peer, unit int) (time.Duration, error) {
	if err := peer.arm(ctx, unit); err != nil {
		return 0, fmt.Errorf("arming: %w", err)
	}
	time.Sleep(settle)
	start := time.Now()
	if err := peer.signal(ctx, unit); err != nil {
		return 0, fmt.Errorf("signalling: %w", err)
	}
	signal, effect, err := peer.await(ctx, unit, start)
	return effect.Sub(signal), err
}

func (b *bench) reportLatency(peers []peer, took map[string][]time.Duration) error {
	limit := took[peers[0].name()]
	table := report.Table{Head: []string{"from the signal to the new selector", "switches", "fastest", "median", "p99", "slowest", "median, as a multiple of the limit's"}}
	plot := report.Plot{Title: "One switch", X: "milliseconds from the signal to the new selector", Y: "% of the switches", LogX: true}
	for _, peer := range peers {
		samples := took[peer.name()]
		median := report.Quantile(samples, 0.5)
		table.Add(peer.name(), fmt.Sprint(len(samples)), report.MS(report.Quantile(samples, 0)), report.MS(median), report.MS(report.Quantile(samples, 0.99)),
			report.MS(report.Quantile(samples, 1)), report.Ratio(median, report.Quantile(limit, 0.5)))
		plot.Series = append(plot.Series, report.Distribution(peer.name(), samples))
	}
	return b.publish("latency", strings.TrimSpace(table.String()), map[string]report.Plot{"performance-latency.svg": plot})
}
