package traffic

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(milliseconds int) time.Time {
	return epoch.Add(time.Duration(milliseconds) * time.Millisecond)
}

func answer(version string, start, end int) Result {
	return Result{Start: at(start), End: at(end), Version: version}
}

func failure(start, end int) Result {
	return Result{Start: at(start), End: at(end), Err: errors.New("connection refused")}
}

func TestAnalyze(t *testing.T) {
	for name, test := range map[string]struct {
		results       []Result
		asks          []Ask
		errors, mixed int
		switches      []Switch
	}{
		"nothing": {},
		"no ask, one version": {
			results: []Result{answer("1", 0, 1), answer("1", 1, 2)},
		},
		"no ask, a stray answer": {
			results: []Result{answer("1", 0, 1), answer("2", 1, 2), answer("1", 2, 3)},
			mixed:   1,
		},
		"errors count, and are of no version": {
			results: []Result{answer("1", 0, 1), failure(1, 2), answer("1", 2, 3), failure(3, 4)},
			errors:  2,
		},
		"a clean switch": {
			results:  []Result{answer("1", 0, 5), answer("1", 10, 15), answer("2", 20, 25), answer("2", 30, 35)},
			asks:     []Ask{{at(8), "2"}},
			switches: []Switch{{From: "1", To: "2", LastOld: at(10), FirstNew: at(25)}},
		},
		"asked for, and not switched": {
			results:  []Result{answer("1", 0, 5), answer("1", 10, 15)},
			asks:     []Ask{{at(8), "2"}},
			switches: []Switch{{From: "1", To: "2", LastOld: at(10)}},
		},
		"overlap in flight is not mixed": {
			results:  []Result{answer("2", 20, 25), answer("1", 22, 40), answer("1", 25, 41), answer("2", 30, 35)},
			asks:     []Ask{{at(8), "2"}},
			switches: []Switch{{From: "1", To: "2", LastOld: at(25), FirstNew: at(25)}},
		},
		"old after new is mixed": {
			results:  []Result{answer("2", 20, 25), answer("1", 26, 27), answer("2", 30, 35), answer("1", 40, 45)},
			asks:     []Ask{{at(8), "2"}},
			mixed:    2,
			switches: []Switch{{From: "1", To: "2", LastOld: at(40), FirstNew: at(25), Mixed: 2}},
		},
		"the first end counts, whatever started first": {
			results:  []Result{answer("2", 20, 90), answer("2", 21, 25), answer("1", 30, 31)},
			asks:     []Ask{{at(8), "2"}},
			mixed:    1,
			switches: []Switch{{From: "1", To: "2", LastOld: at(30), FirstNew: at(25), Mixed: 1}},
		},
		"new before it was asked for is mixed": {
			results:  []Result{answer("2", 0, 5), answer("2", 20, 25)},
			asks:     []Ask{{at(8), "2"}},
			mixed:    1,
			switches: []Switch{{From: "1", To: "2", FirstNew: at(25)}},
		},
		"a third version is mixed": {
			results:  []Result{answer("1", 10, 11), answer("3", 12, 13), answer("2", 20, 25)},
			asks:     []Ask{{at(8), "2"}},
			mixed:    1,
			switches: []Switch{{From: "1", To: "2", LastOld: at(10), FirstNew: at(25), Mixed: 1}},
		},
		"there and back": {
			results: []Result{answer("1", 10, 11), answer("2", 20, 25), answer("2", 50, 51), answer("1", 60, 61)},
			asks:    []Ask{{at(8), "2"}, {at(40), "1"}},
			switches: []Switch{
				{From: "1", To: "2", LastOld: at(10), FirstNew: at(25)},
				{From: "2", To: "1", LastOld: at(50), FirstNew: at(61)},
			},
		},
		"overtaken by another ask": {
			results: []Result{answer("1", 10, 11), answer("1", 50, 51), answer("3", 60, 61)},
			asks:    []Ask{{at(8), "2"}, {at(40), "3"}},
			switches: []Switch{
				{From: "1", To: "2", LastOld: at(10)},
				{From: "1", To: "3", LastOld: at(50), FirstNew: at(61)},
			},
		},
		"back without having been asked": {
			results:  []Result{answer("1", 10, 11), answer("2", 20, 25), answer("1", 60, 61)},
			asks:     []Ask{{at(8), "2"}, {at(40), "2"}},
			mixed:    1,
			switches: []Switch{{From: "1", To: "2", LastOld: at(10), FirstNew: at(25)}, {From: "2", To: "2", Mixed: 1}},
		},
		"results in no order": {
			results:  []Result{answer("2", 30, 35), answer("1", 0, 5), answer("2", 20, 25), answer("1", 10, 15)},
			asks:     []Ask{{at(8), "2"}},
			switches: []Switch{{From: "1", To: "2", LastOld: at(10), FirstNew: at(25)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			report := Analyze(test.results, "1", test.asks...)
			if report.Total != len(test.results) || len(report.Errors) != test.errors || len(report.Mixed) != test.mixed {
				t.Errorf("total %d, errors %d, mixed %d; want %d, %d, %d", report.Total, len(report.Errors), len(report.Mixed),
					len(test.results), test.errors, test.mixed)
			}
			if !reflect.DeepEqual(report.Switches, test.switches) {
				t.Errorf("switches\n%v\nwant\n%v", report.Switches, test.switches)
			}
		})
	}
}

func TestAnalyzeCountsPerSecond(t *testing.T) {
	results := []Result{answer("1", 0, 5), answer("1", 900, 999), answer("2", 990, 1001), failure(1001, 1002), answer("2", 3000, 3001)}
	want := []Second{
		{Answers: map[string]int{"1": 2}},
		{Answers: map[string]int{"2": 1}, Errors: 1},
		{Answers: map[string]int{}},
		{Answers: map[string]int{"2": 1}},
	}
	if got := Analyze(results, "1", Ask{at(950), "2"}).Seconds; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
