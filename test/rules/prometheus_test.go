package rules

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/template"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// start is when the tests begin.
var start = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

var (
	promQL = parser.NewParser(parser.Options{})
	engine = promql.NewEngine(promql.EngineOpts{
		MaxSamples:    10_000,
		Timeout:       time.Minute,
		LookbackDelta: 5 * time.Minute,
		Parser:        promQL,
	})
)

// world is what a Prometheus scrapes: series, and their values by minute.
type world map[string]func(minute int) (value float64, scraped bool)

// always is a series with one value.
func always(value float64) func(int) (float64, bool) {
	return func(int) (float64, bool) { return value, true }
}

// from is a series that has a value from some minute on, and nothing before.
func from(first int, value float64) func(int) (float64, bool) {
	return func(minute int) (float64, bool) { return value, minute >= first }
}

// during is a series that is 1, and something else in some minutes, the last one excluded.
func during(first, last int, value float64) func(int) (float64, bool) {
	return func(minute int) (float64, bool) {
		if minute >= first && minute < last {
			return value, true
		}
		return 1, true
	}
}

// scraped returns what has been scraped in the first minutes. A series that is not there is marked as such, as Prometheus does.
func (w world) scraped(t *testing.T, minutes int) storage.Queryable {
	t.Helper()
	var scraped []storage.Series
	for name, of := range w {
		metric, err := promQL.ParseMetric(name)
		if err != nil {
			t.Fatal(err)
		}
		var samples []chunks.Sample
		for minute := range minutes {
			read, is := of(minute)
			if !is {
				read = math.Float64frombits(value.StaleNaN)
			}
			samples = append(samples, sample{instant(minute).UnixMilli(), read})
		}
		scraped = append(scraped, storage.NewListSeries(metric, samples))
	}
	find := func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		return &seriesSet{rest: matching(scraped, matchers)}
	}
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: find}}
}

func instant(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }

// sample is what is read of a series at one time, in milliseconds.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

func matching(scraped []storage.Series, matchers []*labels.Matcher) []storage.Series {
	var found []storage.Series
	for _, series := range scraped {
		matches := true
		for _, matcher := range matchers {
			matches = matches && matcher.Matches(series.Labels().Get(matcher.Name))
		}
		if matches {
			found = append(found, series)
		}
	}
	return found
}

// seriesSet hands out series one by one.
type seriesSet struct {
	current storage.Series
	rest    []storage.Series
}

func (s *seriesSet) Next() bool {
	if len(s.rest) == 0 {
		return false
	}
	s.current, s.rest = s.rest[0], s.rest[1:]
	return true
}

func (s *seriesSet) At() storage.Series                { return s.current }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// firing is an alert that fires: from which minute on, and its summary.
type firing struct {
	minute  int
	summary string
}

// evaluate evaluates a rule every minute, as Prometheus does: it fires once its expression has held for as long as it says. It returns the
// first that fires within two hours.
func evaluate(t *testing.T, rule rulefmt.Rule, scraped world) firing {
	t.Helper()
	since := map[string]int{}
	for minute := range 120 {
		held := map[string]int{}
		for _, sample := range scraped.query(t, rule.Expr, minute) {
			metric := sample.Metric.String()
			held[metric] = minute
			if first, before := since[metric]; before {
				held[metric] = first
			}
			if time.Duration(minute-held[metric])*time.Minute >= time.Duration(rule.For) {
				return firing{minute, expand(t, rule.Annotations["summary"], sample)}
			}
		}
		since = held
	}
	return firing{minute: never}
}

// never is when an alert fires that does not.
const never = -1

// query evaluates an expression in a minute.
func (w world) query(t *testing.T, expression string, minute int) promql.Vector {
	t.Helper()
	asked, err := engine.NewInstantQuery(t.Context(), w.scraped(t, minute+1), nil, expression, instant(minute))
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close()
	vector, err := asked.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatalf("evaluating %s: %v", expression, err)
	}
	return append(promql.Vector{}, vector...) // Closing the query takes it back.
}

// expand fills in a template, with the variables that Prometheus gives it.
func expand(t *testing.T, text string, sample promql.Sample) string {
	t.Helper()
	data := template.AlertTemplateData(sample.Metric.Map(), nil, "", sample)
	noQueries := func(context.Context, string, time.Time) (promql.Vector, error) {
		return nil, fmt.Errorf("a query in a template")
	}
	expanded, err := template.NewTemplateExpander(t.Context(), "{{$labels := .Labels}}{{$value := .Value}}"+text, "alert", data,
		model.TimeFromUnix(start.Unix()), noQueries, nil, nil).Expand()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(expanded)
}
