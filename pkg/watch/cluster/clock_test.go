package cluster_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// answering is an API server that answers every request with a Date.
type answering struct {
	date string
	err  error
}

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {a.date}}}, nil
}

func TestTheClockIsThatOfTheAPIServer(t *testing.T) {
	at := func(ahead time.Duration) string { return time.Now().Add(ahead).UTC().Format(http.TimeFormat) }
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
		"no Date after one":             {answers: []answering{{date: at(5 * time.Minute)}, {}}, ahead: 5 * time.Minute},
		"a Date that is none after one": {answers: []answering{{date: at(5 * time.Minute)}, {date: "soon"}}, ahead: 5 * time.Minute},
		"no answer after one":           {answers: []answering{{date: at(5 * time.Minute)}, {err: errors.New("refused")}}, ahead: 5 * time.Minute},
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
			if ahead := time.Until(clock.Now()); (ahead - test.ahead).Abs() > 2*time.Second {
				t.Errorf("%s ahead, want %s", ahead, test.ahead)
			}
		})
	}
}
