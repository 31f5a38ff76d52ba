package felt

import (
	"fmt"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// The requests: so many a second, each over a connection of its own.
const workers, rate = 20, 200

// Outcome is what users felt of one switch.
type Outcome struct {
	// Requests is how many were sent, and Failures what came of those that failed.
	Requests int
	Failures []traffic.Result

	// Mixed is the mixed window: from the first end of an answer of the new version to the last start of a request that the old
	// version answered. It is 0 when all requests that started after an answer of the new version got an answer of it, too:
	// answers in flight at once are no mixing.
	Mixed time.Duration

	// Seen is from the start of the ask to the first end of an answer of the new version.
	Seen time.Duration
}

// judge says what users felt, from all requests around one ask.
func judge(results []traffic.Result, from string, ask traffic.Ask) Outcome {
	analyzed := traffic.Analyze(results, from, ask)
	s := analyzed.Switches[0]
	outcome := Outcome{Requests: analyzed.Total, Failures: analyzed.Errors}
	if !s.FirstNew.IsZero() {
		outcome.Seen, outcome.Mixed = s.FirstNew.Sub(ask.At), max(0, s.LastOld.Sub(s.FirstNew))
	}
	return outcome
}

func (o Outcome) String() string {
	text := fmt.Sprintf("%d of %d requests failed, mixed for %s, seen after %s",
		len(o.Failures), o.Requests, report.MS(o.Mixed), report.MS(o.Seen))
	for i, failure := range o.Failures {
		if i == 3 {
			return text + "; ..."
		}
		text += fmt.Sprintf("; %v", failure.Err)
	}
	return text
}
