package traffic

import (
	"slices"
	"time"
)

// Ask says from when on a version is asked for.
type Ask struct {
	At      time.Time
	Version string
}

// Report is what the results of a Client amount to.
type Report struct {
	Total  int
	Errors []Result

	// Mixed are the answers of a version that could not answer any more, or not yet.
	Mixed []Result

	// Switches are the asks and what came of them, in their order.
	Switches []Switch

	// Seconds counts the answers, by the second in which they came since the first request's start.
	Seconds []Second
}

// Switch is one ask for a version and the answers while it was the newest.
type Switch struct {
	From, To string

	// LastOld is the last start of a request that From answered. FirstNew is the first end of one that To answered; zero
	// when there was none.
	LastOld, FirstNew time.Time

	Mixed int
}

// Second is what came back within one second.
type Second struct {
	Answers map[string]int
	Errors  int
}

// Analyze judges results, given the version that served before the first ask, and the asks.
//
// Mixed is what no observer may see: an answer of the old version to a request that started after an answer of the new one
// had ended; an answer of a version that is neither; an answer of a version to a request that ended before it was asked
// for. Two answers in flight at once are no mixing: their order is nobody's to know.
func Analyze(results []Result, first string, asks ...Ask) Report {
	report := Report{Total: len(results), Seconds: seconds(results)}
	rest := slices.SortedFunc(slices.Values(results), func(a, b Result) int { return a.Start.Compare(b.Start) })
	from := first
	report.window(until(&rest, asks), from, from)
	for i, ask := range asks {
		s := report.window(until(&rest, asks[i+1:]), from, ask.Version)
		report.Switches = append(report.Switches, s)
		if !s.FirstNew.IsZero() {
			from = s.To // Else the ask was overtaken by the next, and what served serves on.
		}
	}
	return report
}

// until takes the results from the front whose requests started before the first of the asks, or all when there is none.
func until(rest *[]Result, asks []Ask) []Result {
	end := len(*rest)
	if len(asks) > 0 {
		if i := slices.IndexFunc(*rest, func(r Result) bool { return !r.Start.Before(asks[0].At) }); i >= 0 {
			end = i
		}
	}
	taken := (*rest)[:end]
	*rest = (*rest)[end:]
	return taken
}

// window judges the results between two asks; without a switch, from and to are the same.
func (r *Report) window(results []Result, from, to string) Switch {
	s := Switch{From: from, To: to, FirstNew: firstEnd(results, to)}
	for _, result := range results {
		switch {
		case result.Err != nil:
			r.Errors = append(r.Errors, result)
		case result.Version == to:
		case result.Version != from, !s.FirstNew.IsZero() && result.Start.After(s.FirstNew):
			r.Mixed = append(r.Mixed, result)
			s.Mixed++
		}
		if result.Err == nil && result.Version == from && from != to {
			s.LastOld = result.Start
		}
	}
	return s
}

// firstEnd returns when the first answer of a version ended, or zero.
func firstEnd(results []Result, version string) time.Time {
	var first time.Time
	for _, result := range results {
		if result.Err == nil && result.Version == version && (first.IsZero() || result.End.Before(first)) {
			first = result.End
		}
	}
	return first
}

func seconds(results []Result) []Second {
	if len(results) == 0 {
		return nil
	}
	start := slices.MinFunc(results, func(a, b Result) int { return a.Start.Compare(b.Start) }).Start
	var seconds []Second
	for _, result := range results {
		n := int(result.End.Sub(start) / time.Second)
		for len(seconds) <= n {
			seconds = append(seconds, Second{Answers: map[string]int{}})
		}
		if result.Err != nil {
			seconds[n].Errors++
		} else {
			seconds[n].Answers[result.Version]++
		}
	}
	return seconds
}
