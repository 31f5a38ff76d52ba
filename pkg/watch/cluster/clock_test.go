package cluster_test

import (
	"cmp"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// answering is an API server that answers every request with a Date.
type answering struct {
	date  func() string
	err   error
	code  int
	after time.Duration
}

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	response := &http.Response{StatusCode: cmp.Or(a.code, http.StatusOK), Header: http.Header{}}
	if a.date != nil {
		response.Header.Set("Date", a.date())
	}
	time.Sleep(a.after)
	return response, nil
}

func TestTheClockIsThatOfTheAPIServer(t *testing.T) {
	at := func(ahead time.Duration) func() string {
		return func() string { return time.Now().Add(ahead).UTC().Format(http.TimeFormat) }
	}
	refused, soon := errors.New("refused"), func() string { return "soon" }
	for name, test := range map[string]struct {
		answers []answering
		ahead   time.Duration
	}{
		"never heard of":                {},
		"the same":                      {answers: []answering{{date: at(0)}}},
		"five minutes ahead":            {answers: []answering{{date: at(5 * time.Minute)}}, ahead: 5 * time.Minute},
		"five minutes behind":           {answers: []answering{{date: at(-5 * time.Minute)}}, ahead: -5 * time.Minute},
		"less than a Date can tell":     {answers: []answering{{date: at(time.Second)}}},
		"another leader's, set since":   {answers: []answering{{date: at(5 * time.Minute)}, {date: at(0)}}},
		"an answer that was late":       {answers: []answering{{date: at(-5 * time.Minute), after: 2100 * time.Millisecond}}},
		"a proxy's about the server":    {answers: []answering{{date: at(5 * time.Minute), code: http.StatusBadGateway}}},
		"no Date after one":             {answers: []answering{{date: at(5 * time.Minute)}, {}}, ahead: 5 * time.Minute},
		"a Date that is none after one": {answers: []answering{{date: at(5 * time.Minute)}, {date: soon}}, ahead: 5 * time.Minute},
		"no answer after one":           {answers: []answering{{date: at(5 * time.Minute)}, {err: refused}}, ahead: 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			var clock cluster.Clock
			for _, answer := range test.answers {
				response, err := clock.Listen(answer).RoundTrip(nil)
				if !errors.Is(err, answer.err) {
					t.Errorf("got %v, want %v", err, answer.err)
				}
				if err == nil {
					_ = response.Body
				}
			}
			tolerated := 100 * time.Millisecond
			if test.ahead != 0 {
				tolerated += time.Second // A Date has whole seconds.
			}
			if ahead := time.Until(clock.Now()); (ahead - test.ahead).Abs() > tolerated {
				t.Errorf("%s ahead, want %s", ahead, test.ahead)
			}
		})
	}
}
