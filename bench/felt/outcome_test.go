package felt

import (
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

func TestJudge(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(milliseconds int) time.Time { return start.Add(ms(milliseconds)) }
	answer := func(version string, from, to int) traffic.Result {
		return traffic.Result{Version: version, Start: at(from), End: at(to)}
	}
	failure := traffic.Result{Start: at(300), End: at(301), Err: errors.New("connection refused")}

	for name, test := range map[string]struct {
		results     []traffic.Result
		failures    int
		mixed, seen time.Duration
	}{
		"all at once": {
			results: []traffic.Result{answer("1", 0, 5), answer("1", 110, 115), answer("2", 120, 125), answer("2", 130, 135)},
			seen:    ms(25),
		},
		"answers in flight at once": {
			results: []traffic.Result{answer("2", 120, 125), answer("1", 124, 140), answer("2", 150, 155)},
			seen:    ms(25),
		},
		"until the last start of the old version, not its end": {
			results: []traffic.Result{answer("2", 120, 125), answer("1", 130, 135), answer("2", 150, 155), answer("1", 225, 290)},
			mixed:   ms(100), seen: ms(25),
		},
		"from the first end of the new version, whatever started first": {
			results: []traffic.Result{answer("2", 120, 190), answer("2", 121, 125), answer("1", 135, 136)},
			mixed:   ms(10), seen: ms(25),
		},
		"a failure is of no version": {
			results:  []traffic.Result{answer("1", 110, 115), answer("2", 120, 125), failure, answer("2", 310, 315)},
			failures: 1, seen: ms(25),
		},
		"no switch": {
			results: []traffic.Result{answer("1", 110, 115), answer("1", 200, 205)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(test.results, "1", traffic.Ask{At: at(100), Version: "2"})
			if got.Requests != len(test.results) || len(got.Failures) != test.failures || got.Mixed != test.mixed || got.Seen != test.seen {
				t.Errorf("got %v; want %d failed, mixed for %v, seen after %v", got, test.failures, test.mixed, test.seen)
			}
		})
	}
}

func TestOutcomeNamesTheFirstFailures(t *testing.T) {
	refused := traffic.Result{Err: errors.New("refused")}
	outcome := Outcome{Requests: 9, Failures: []traffic.Result{refused, refused, refused, refused}, Mixed: ms(250), Seen: ms(1500)}
	const want = "4 of 9 requests failed, mixed for 250 ms, seen after 1500 ms; refused; refused; refused; ..."
	if got := outcome.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
