package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// settle is a moment in which nothing happens, before what is timed.
const settle = 30 * time.Millisecond

// latency times single switches, from a peer's own signal to the new selector. The script goes last, and alone: what it runs
// takes more CPU than the peers do.
func (b *bench) latency(ctx context.Context) error {
	p, ctx, err := plane.Start(ctx, b.crds...)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := playReplicaSets(ctx, p); err != nil {
		return err
	}
	all, err := inTurns(ctx, p, b.size.switches, b.peers(deploymentStatus{}, replicaSetStatus{})...)
	if err != nil {
		return err
	}
	alone, err := inTurns(ctx, p, b.size.script, newScript())
	if err != nil {
		return err
	}
	return b.reportTimes("latency", "from the signal to the new selector", append(all, alone...))
}

// readiness times single switches from further back: from a ready pod, which real controllers turn into the signals.
func (b *bench) readiness(ctx context.Context) error {
	p, ctx, err := plane.Start(ctx, b.crds...)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := p.RunControllers(); err != nil {
		return err
	}
	all, err := inTurns(ctx, p, b.size.switches, b.peers(podStatus{}, podStatus{})...)
	if err != nil {
		return err
	}
	return b.reportTimes("readiness", "from the ready pod to the new selector", all)
}

// times are how long the switches of a peer took.
type times struct {
	name string
	took []time.Duration
}

// inTurns times so many switches of each peer. They take turns, so that whatever the machine does meets all of them.
func inTurns[T switcher](ctx context.Context, p *plane.Plane, switches int, peers ...T) ([]times, error) {
	all := make([]times, len(peers))
	for i, peer := range peers {
		all[i].name = peer.name()
		if err := peer.start(ctx, p, 1); err != nil {
			return nil, fmt.Errorf("%s: %w", peer.name(), err)
		}
	}
	for range switches {
		for i, peer := range peers {
			took, err := timeSwitch(ctx, peer, 0)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", peer.name(), err)
			}
			all[i].took = append(all[i].took, took)
		}
	}
	return all, nil
}

// timeSwitch times a switch, or one more if its effect did not come after the signal: the machine held the watches back then.
func timeSwitch(ctx context.Context, peer switcher, unit int) (time.Duration, error) {
	if err := peer.arm(ctx, unit); err != nil {
		return 0, fmt.Errorf("arming: %w", err)
	}
	time.Sleep(settle)
	start := time.Now()
	if err := peer.signal(ctx, unit); err != nil {
		return 0, fmt.Errorf("signalling: %w", err)
	}
	signal, effect, err := peer.await(ctx, unit, start)
	if err == nil && !effect.After(signal) {
		fmt.Fprintf(os.Stderr, "bench: %s: the effect was seen %v before the signal: timed again\n", peer.name(), signal.Sub(effect))
		return timeSwitch(ctx, peer, unit)
	}
	return effect.Sub(signal), err
}

// reportTimes compares with the first, which is the limit.
func (b *bench) reportTimes(section, span string, all []times) error {
	limit := report.Quantile(all[0].took, 0.5)
	table := markdown.Table{Head: []string{span, "switches", "fastest", "median", "p99", "slowest", "median, as a multiple of the limit's"}}
	plot := report.Plot{Title: "One switch", X: "milliseconds " + span, Y: "% of the switches", LogX: true}
	for _, one := range all {
		median := report.Quantile(one.took, 0.5)
		table.Add(one.name, fmt.Sprint(len(one.took)),
			report.MS(report.Quantile(one.took, 0)),
			report.MS(median),
			report.MS(report.Quantile(one.took, 0.99)),
			report.MS(report.Quantile(one.took, 1)),
			report.Ratio(median, limit))
		plot.Series = append(plot.Series, report.Distribution(one.name, one.took))
	}
	return b.publish(section, strings.TrimSpace(table.String()), map[string]report.Plot{"performance-" + section + ".svg": plot})
}
