package metrics_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
)

// asked is when the asks of these tests began, and now when the Census looks.
var (
	asked = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	now   = asked.Add(time.Hour)
)

// leading returns a Census of the leader, and a clock to set.
func leading() (*metrics.Census, *time.Time) {
	elected := make(chan struct{})
	close(elected)
	census, clock := metrics.NewCensus(elected), now
	census.SetClock(func() time.Time { return clock })
	return census, &clock
}

// tried gives a Service the record of its ask, since some instant.
func tried(since time.Time, outcome bluegreen.Outcome) ServiceOption {
	return func(s *corev1.Service) {
		attempt := bluegreen.Read(s).Try(since)
		attempt.Outcome = outcome
		Annotation(bluegreen.AttemptKey, attempt.String())(s)
	}
}

// switched gives a Service the record of its last switch.
func switched(s *corev1.Service) {
	record := fmt.Sprintf("1.10/1.11/%s/%s/version", now.Format(time.RFC3339), s.UID)
	Annotation(bluegreen.LastSwitchKey, record)(s)
}

// inPhase puts a Service into a phase.
func inPhase(phase bluegreen.Phase) ServiceOption {
	return Annotation(bluegreen.PhaseKey, string(phase))
}

// elsewhere is a Service of another namespace.
func elsewhere(s *corev1.Service) { s.Namespace = "market" }

func expect(t *testing.T, census *metrics.Census, want map[string]float64) {
	t.Helper()
	if got := metricstest.Served(t, census); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestServicesAreCountedByNamespaceAndPhase(t *testing.T) {
	census, _ := leading()
	census.Service(nil, Service(NamedService("unmanaged")))
	census.Service(nil, Managed(NamedService("a")))
	census.Service(nil, Managed(NamedService("b")))
	census.Service(nil, Follower())
	census.Service(nil, Managed(elsewhere))
	census.Service(nil, Managed(NamedService("new"), Lacks(bluegreen.PhaseKey)))
	expect(t, census, map[string]float64{
		`bluegreen_services{namespace="shop",phase="Stable"}`:   3,
		`bluegreen_services{namespace="market",phase="Stable"}`: 1,
	})

	census.Service(Managed(NamedService("a")), Waiting(NamedService("a")))
	census.Service(Managed(NamedService("b")), Service(NamedService("b")))
	census.Service(Managed(elsewhere), nil)
	expect(t, census, map[string]float64{
		`bluegreen_services{namespace="shop",phase="Stable"}`:  1,
		`bluegreen_services{namespace="shop",phase="Waiting"}`: 1,
	})
}

func TestTheOldestWaitCountsAndNoneThatWasGivenUp(t *testing.T) {
	census, _ := leading()
	census.Service(nil, Waiting(NamedService("young"), tried(asked.Add(time.Minute), "")))
	census.Service(nil, Waiting(NamedService("old"), tried(asked, "")))
	census.Service(nil, Waiting(NamedService("void"), Annotation(bluegreen.AttemptKey, "2020-01-01T00:00:00Z/copied/record")))
	census.Service(nil, Waiting(NamedService("paused"), inPhase(bluegreen.Paused), tried(asked.Add(-time.Hour), bluegreen.OutcomeReady)))
	census.Service(nil, Waiting(NamedService("failed"), inPhase(bluegreen.Failed), tried(asked.Add(-time.Hour), bluegreen.OutcomeFailed)))
	expect(t, census, map[string]float64{
		`bluegreen_services{namespace="shop",phase="Waiting"}`:                      3,
		`bluegreen_services{namespace="shop",phase="Paused"}`:                       1,
		`bluegreen_services{namespace="shop",phase="Failed"}`:                       1,
		`bluegreen_oldest_wait_timestamp_seconds{namespace="shop",phase="Waiting"}`: float64(asked.Unix()),
		`bluegreen_oldest_wait_timestamp_seconds{namespace="shop",phase="Paused"}`:  float64(asked.Add(-time.Hour).Unix()),
	})
}

func TestDeploymentsThatOnlyTheFinalizerKeepsAreCounted(t *testing.T) {
	census, _ := leading()
	blue := Deployment("1.10", Protected)
	deleted := blue.DeepCopy()
	deleted.DeletionTimestamp = new(metav1.NewTime(now))
	census.Deployment(nil, blue)
	expect(t, census, map[string]float64{})

	census.Deployment(blue, deleted)
	expect(t, census, map[string]float64{`bluegreen_deployments_held_from_deletion{namespace="shop"}`: 1})

	unprotected := deleted.DeepCopy()
	unprotected.Finalizers = []string{"example.org/theirs"}
	census.Deployment(deleted, unprotected)
	expect(t, census, map[string]float64{})

	census.Deployment(blue, deleted)
	census.Deployment(deleted, nil)
	expect(t, census, map[string]float64{})
}

func TestOnlyTheLeaderServesItsCensus(t *testing.T) {
	elected := make(chan struct{})
	census := metrics.NewCensus(elected)
	census.Service(nil, Managed())
	expect(t, census, map[string]float64{})
	close(elected)
	expect(t, census, map[string]float64{`bluegreen_services{namespace="shop",phase="Stable"}`: 1})
}

func TestSomeManagedServiceIsKnown(t *testing.T) {
	census, _ := leading()
	census.Service(nil, Service())
	if name, found := census.Managed(); found {
		t.Errorf("got %s", name)
	}
	census.Service(nil, Managed())
	if name, found := census.Managed(); !found || name.String() != "shop/nginx" {
		t.Errorf("got %s, %t", name, found)
	}
}

func TestTheTimeFromReadyToSwitchedIsThatSinceTheFirstSightOfIt(t *testing.T) {
	waiting := Waiting(tried(asked, ""))
	paused := Waiting(inPhase(bluegreen.Paused), tried(asked, bluegreen.OutcomeReady))
	approved := Waiting(inPhase(bluegreen.Waiting), tried(asked, bluegreen.OutcomeReady))
	moved := OnGreen(switched)
	after := func(seconds float64) map[string]float64 {
		return map[string]float64{"bluegreen_ready_to_switched_seconds_count": 1, "bluegreen_ready_to_switched_seconds_sum": seconds}
	}
	for name, test := range map[string]struct {
		events []*corev1.Service
		want   map[string]float64
	}{
		"approved a minute later":            {[]*corev1.Service{waiting, paused, moved}, after(60)},
		"approved, but ready no longer":      {[]*corev1.Service{waiting, paused, approved, moved}, after(120)},
		"ready at the first look":            {[]*corev1.Service{Waiting(), paused, moved}, after(60)},
		"switched at once":                   {[]*corev1.Service{waiting, moved}, nil},
		"withdrawn":                          {[]*corev1.Service{waiting, paused, Managed()}, nil},
		"withdrawn, and asked for later":     {[]*corev1.Service{waiting, paused, Managed(), waiting, moved}, nil},
		"deleted":                            {[]*corev1.Service{waiting, paused, nil}, nil},
		"seen ready before a restart":        {[]*corev1.Service{paused, moved}, nil},
		"given back, and switched by a hand": {[]*corev1.Service{waiting, paused, Service(SelectsVersion("1.11"))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			census, clock := leading()
			counted := metricstest.Counted(t, func() {
				var last *corev1.Service
				for _, event := range test.events {
					census.Service(last, event)
					last, *clock = event, clock.Add(time.Minute)
				}
			})
			if !maps.Equal(counted, test.want) {
				t.Errorf("counted %v, want %v", counted, test.want)
			}
			if count := census.RemembersReady(); count != 0 {
				t.Errorf("still remembers %d", count)
			}
		})
	}
}

// BenchmarkScrape is a scrape with 10,000 managed Services in 500 namespaces, of which a tenth waits.
func BenchmarkScrape(b *testing.B) {
	census, _ := leading()
	for i := range 10_000 {
		service := Managed(NamedService(fmt.Sprint("nginx-", i)))
		if i%10 == 0 {
			service = Waiting(NamedService(service.Name), tried(asked, ""))
		}
		service.Namespace = fmt.Sprint("shop-", i%500)
		census.Service(nil, service)
	}
	for b.Loop() {
		census.Collect(make(chan prometheus.Metric, 20_000))
	}
}
