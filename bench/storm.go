package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// gust is what one storm did to one peer.
type gust struct {
	took    []time.Duration // From each signal to its switch.
	moved   []time.Duration // From the first signal to each switch, in order.
	signals time.Duration   // From the first signal to the last.
	writes  int             // Of Services.
	usage   plane.Usage     // Of the process, after the storm.
}

// storm has many Services switch at once: all are asked to, and then every target becomes ready, as fast as the API server
// takes that. Each peer has a control plane of its own each time, for a storm leaves much behind.
func (b *bench) storm(ctx context.Context) error {
	var peers []peer
	var gusts [][]gust // By storm, and then by peer.
	var alone []float64
	for range b.size.storms {
		peers = b.stormed()
		var storm []gust
		for _, peer := range peers {
			one, err := b.blow(ctx, peer)
			if err != nil {
				return fmt.Errorf("%s: %w", peer.name(), err)
			}
			storm = append(storm, one)
		}
		gusts = append(gusts, storm)
		rate, err := b.patches(ctx)
		if err != nil {
			return fmt.Errorf("the loop's PATCHes alone: %w", err)
		}
		alone = append(alone, rate)
	}
	return b.reportStorm(peers, gusts, alone)
}

// stormed are the peers of a storm, the slowest last: Argo Rollouts also with more requests a second than it makes by default.
func (b *bench) stormed() []peer {
	peers := b.peers(deploymentStatus{}, replicaSetStatus{})
	if b.argo == "" {
		return peers
	}
	return slices.Insert(peers, len(peers)-1, peer(newArgo(b.argo, replicaSetStatus{}, "--qps=1000", "--burst=1000")))
}

// patches returns how many a second the API server takes of the PATCHes that the bare loop makes, with nothing else to do.
func (b *bench) patches(ctx context.Context) (float64, error) {
	p, ctx, err := plane.Start(ctx)
	if err != nil {
		return 0, err
	}
	defer p.Stop()
	loop := newBare(b.loop, deploymentStatus{})
	if err := loop.create(ctx, p, b.size.storm); err != nil {
		return 0, err
	}
	start := time.Now()
	err = each(ctx, b.size.storm, func(ctx context.Context, i int) error {
		return loop.patchService(ctx, i, `{"spec":{"selector":{"version":"v2"}}}`)
	})
	return float64(b.size.storm) / time.Since(start).Seconds(), err
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
	if err := awaitIdle(peer.pid(), calm); err != nil {
		return gust{}, err
	}
	start := time.Now()
	if err := each(ctx, units, peer.signal); err != nil {
		return gust{}, fmt.Errorf("signalling: %w", err)
	}
	var result gust
	for unit := range units {
		signal, effect, err := peer.await(ctx, unit, start)
		if err != nil {
			return gust{}, err
		}
		result.took = append(result.took, effect.Sub(signal))
		result.moved = append(result.moved, effect.Sub(start))
		result.signals = max(result.signals, signal.Sub(start))
	}
	slices.Sort(result.moved)
	time.Sleep(calm) // For writes that come after.
	result.writes = peer.observed().count(start, func(key string) bool { return strings.HasPrefix(key, keyOf("Service", "")) })
	result.usage, err = plane.UsageOf(peer.pid())
	return result, err
}

// last is when the last switch was made.
func (g gust) last() time.Duration { return g.moved[len(g.moved)-1] }

// rate is that of the switches, in a second.
func (g gust) rate() float64 { return float64(len(g.moved)) / g.last().Seconds() }

func (g gust) p99() time.Duration { return report.Quantile(g.took, 0.99) }

func (b *bench) reportStorm(peers []peer, gusts [][]gust, alone []float64) error {
	table := markdown.Table{Head: []string{
		fmt.Sprintf("%d Services at once, storms: %d", b.size.storm, len(gusts)),
		"last signal after",
		"last switch after",
		"switches/s",
		"as a share of the limit's",
		"signal to switch, median",
		"p99",
		"p99, as a share of the last one's",
		"writes of Services",
		"memory at most",
	}}
	plot := report.Plot{
		Title: fmt.Sprintf("%d Services at once, the first time", b.size.storm),
		X:     "seconds since the first signal",
		Y:     "% switched",
	}
	for i, peer := range peers {
		of := func(format string, measure func(storm int, g gust) float64) string {
			var values []float64
			for storm := range gusts {
				values = append(values, measure(storm, gusts[storm][i]))
			}
			return report.Spread(format, values)
		}
		table.Add(peer.name(),
			of("%.2f s", func(_ int, g gust) float64 { return g.signals.Seconds() }),
			of("%.2f s", func(_ int, g gust) float64 { return g.last().Seconds() }),
			of("%.0f", func(_ int, g gust) float64 { return g.rate() }),
			of("%.2f", func(storm int, g gust) float64 { return g.rate() / gusts[storm][0].rate() }),
			of("%.0f ms", func(_ int, g gust) float64 { return report.Milliseconds(report.Quantile(g.took, 0.5)) }),
			of("%.0f ms", func(_ int, g gust) float64 { return report.Milliseconds(g.p99()) }),
			of("%.2f", func(storm int, g gust) float64 { return float64(g.p99()) / float64(gusts[storm][len(peers)-1].p99()) }),
			of("%.0f", func(_ int, g gust) float64 { return float64(g.writes) }),
			of("%.0f MiB", func(_ int, g gust) float64 { return float64(g.usage.Peak) / (1 << 20) }))
		line := report.Distribution(peer.name(), gusts[0][i].moved)
		for j := range line.X {
			line.X[j] /= 1000
		}
		plot.Series = append(plot.Series, line)
	}
	var share []float64
	for storm := range gusts {
		share = append(share, gusts[storm][1].rate()/alone[storm])
	}
	text := fmt.Sprintf("%s\n\nThe loop's PATCHes alone, without signals or anything else to serve: %s a second. "+
		"bluegreen's switches are %s of that.",
		strings.TrimSpace(table.String()), report.Spread("%.0f", alone), report.Spread("%.2f", share))
	return b.publish("storm", text, map[string]report.Plot{"performance-storm.svg": plot})
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
