//go:build e2e

package chaos

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// resultsFile has a line for each round of all runs: they add up until it is removed.
const resultsFile = "bin/chaos.jsonl"

// outcome is what came of a round.
type outcome struct {
	Seed       uint64
	Round      int
	Fault, Way string
	CarriedOut bool
	// FaultFirst says that the fault began before traffic moved. Otherwise it met the way out of blue alone.
	FaultFirst              bool
	Requests, Failed, Mixed int
	// Took is how long traffic was waited for: from the ask, or from the end of the fault if traffic moved after it and that was later.
	Took time.Duration

	asked, began, ended time.Time
}

// keep judges the requests, and adds the outcome to the results.
func (o *outcome) keep(t *testing.T, r *harness.Requests) {
	report := r.Judge(t)
	o.Requests, o.Failed, o.Mixed = report.Total, len(report.Errors), len(report.Mixed)
	if len(report.Switches) == 1 && !report.Switches[0].FirstNew.IsZero() {
		moved := report.Switches[0].FirstNew
		o.CarriedOut, o.FaultFirst, o.Took = true, o.began.Before(moved), o.took(moved)
		t.Logf("traffic moved %.1f s after the ask or the end of the fault", o.Took.Seconds())
		if o.Took > limit {
			t.Errorf("traffic moved after %s, want %s at most", o.Took, limit)
		}
	}
	line, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(cluster.Root, resultsFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// took returns for how long traffic that moved at a moment was waited for. An upgrade's last write may be accepted after that.
func (o *outcome) took(moved time.Time) time.Duration {
	since := o.asked
	if moved.After(o.ended) && o.ended.After(since) {
		since = o.ended
	}
	return max(0, moved.Sub(since))
}

// writeTable prints what all rounds amount to, and writes it into docs/reliability.md if it shall.
func writeTable() error {
	outcomes, err := readOutcomes()
	if err != nil || len(outcomes) == 0 {
		return err
	}
	table := markdown.Table{Head: []string{"fault", "rounds", "carried out", "failed requests", "mixed answers",
		"fault came first", "median", "worst"}}
	for _, f := range faults {
		if of := slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool { return o.Fault != f.name }); len(of) > 0 {
			table.Add(row(f.name, of)...)
		}
	}
	table.Add(row("all", outcomes)...)
	fmt.Print(table.String())
	if !*update {
		return nil
	}
	return markdown.Fill(filepath.Join(cluster.Root, "docs/reliability.md"), "chaos", "make chaos", table.String())
}

func readOutcomes() ([]outcome, error) {
	file, err := os.Open(filepath.Join(cluster.Root, resultsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var outcomes []outcome
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var o outcome
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return nil, fmt.Errorf("%s: %w", resultsFile, err)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, lines.Err()
}

func row(name string, outcomes []outcome) []string {
	var carriedOut, requests, failed, mixed int
	var took []time.Duration
	for _, o := range outcomes {
		requests, failed, mixed = requests+o.Requests, failed+o.Failed, mixed+o.Mixed
		if o.CarriedOut {
			carriedOut++
		}
		if o.FaultFirst {
			took = append(took, o.Took)
		}
	}
	median, worst := "-", "-"
	if len(took) > 0 {
		slices.Sort(took)
		median, worst = seconds(took[len(took)/2]), seconds(took[len(took)-1])
	}
	return []string{
		name, fmt.Sprint(len(outcomes)), fmt.Sprint(carriedOut), fmt.Sprintf("%d of %d", failed, requests), fmt.Sprint(mixed),
		fmt.Sprint(len(took)), median, worst,
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
