package felt

import (
	"fmt"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/peers"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// Result is what was measured of all peers, which are in the order in which they took turns.
type Result struct{ Peers []Peer }

// Peer is what users felt of one peer, run by run.
type Peer struct {
	Name     string
	Outcomes []Outcome
}

func newResult(stages []*peers.Stage) *Result {
	r := &Result{}
	for _, s := range stages {
		r.Peers = append(r.Peers, Peer{Name: s.Name})
	}
	return r
}

// Report returns the result as a table of Markdown, and as plots by the names of their files.
func (r *Result) Report() (tables string, plots map[string]report.Plot) {
	table := markdown.Table{Head: []string{"", "runs", "requests", "failed requests", "mixed window, median", "mixed window, worst",
		"new version seen after the ask, median", "spread"}}
	mixed := report.Plot{Title: "Answers of both versions interleave", X: "mixed window, ms", Y: "share of runs, %"}
	seen := report.Plot{Title: "Users see the new version", X: "after the ask, ms", Y: "share of runs, %"}
	for _, p := range r.Peers {
		table.Add(p.row()...)
		mixed.Series = append(mixed.Series, report.Distribution(p.Name, p.each(mixedWindow)))
		seen.Series = append(seen.Series, report.Distribution(p.Name, p.each(seenAfter)))
	}
	return table.String(), map[string]report.Plot{"performance-felt.svg": mixed, "performance-felt-seen.svg": seen}
}

// row summarises a peer's runs.
func (p Peer) row() []string {
	requests, failed := 0, 0
	for _, outcome := range p.Outcomes {
		requests += outcome.Requests
		failed += len(outcome.Failures)
	}
	mixed, seen := p.each(mixedWindow), p.each(seenAfter)
	return []string{
		p.Name, fmt.Sprint(len(p.Outcomes)), fmt.Sprint(requests), fmt.Sprint(failed),
		window(report.Quantile(mixed, 0.5)), window(report.Quantile(mixed, 1)),
		report.MS(report.Quantile(seen, 0.5)), report.MS(report.Quantile(seen, 0)) + " to " + report.MS(report.Quantile(seen, 1)),
	}
}

// window formats a mixed window, so that none at all is told from a short one.
func window(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return report.MS(d)
}

func mixedWindow(o Outcome) time.Duration { return o.Mixed }
func seenAfter(o Outcome) time.Duration   { return o.Seen }

// each returns one measure of all runs.
func (p Peer) each(measure func(Outcome) time.Duration) []time.Duration {
	var samples []time.Duration
	for _, outcome := range p.Outcomes {
		samples = append(samples, measure(outcome))
	}
	return samples
}
