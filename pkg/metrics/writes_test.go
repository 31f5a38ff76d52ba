package metrics_test

import (
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
)

// readyAfter is what is counted of a version that was ready so many seconds after the ask, and of something else.
func readyAfter(seconds float64, others map[string]float64) map[string]float64 {
	want := map[string]float64{"bluegreen_ask_to_ready_seconds_count": 1}
	if seconds > 0 {
		want["bluegreen_ask_to_ready_seconds_sum"] = seconds
	}
	maps.Copy(want, others)
	return want
}

// watched gives a Service an open window after its switch from 1.10 to 1.11, with an end of its record.
func watched(watch string) ServiceOption {
	return func(s *corev1.Service) {
		Annotation(bluegreen.AutoRollback, "10m")(s)
		Annotation(bluegreen.LastSwitchKey, "1.10/1.11/2026-11-28T08:59:00Z/"+string(s.UID)+"/version/"+watch)(s)
	}
}

func TestWritesOfTheControllerAreCountedByWhatTheyMean(t *testing.T) {
	once := func(name string) map[string]float64 { return map[string]float64{name: 1} }
	for name, test := range map[string]struct {
		before, after *corev1.Service
		told          bluegreen.Reason
		want          map[string]float64
	}{
		"a switch of a version that is ready when it is asked for": {
			before: Waiting(),
			after:  OnGreen(),
			told:   bluegreen.ReasonSwitched,
			want:   readyAfter(0, once("bluegreen_switches_total")),
		},
		"a switch an hour after the ask": {
			before: Waiting(tried(asked, "")),
			after:  OnGreen(),
			told:   bluegreen.ReasonSwitched,
			want:   readyAfter(3600, once("bluegreen_switches_total")),
		},
		"a switch of a follower, which is not asked itself": {
			before: Follower(),
			after:  Follower(Selects("name", "nginx-admin", "version", "1.11")),
			told:   bluegreen.ReasonSwitched,
			want:   once("bluegreen_switches_total"),
		},
		"a version that is ready, and waits for approval": {
			before: Waiting(tried(asked, "")),
			after:  Waiting(inPhase(bluegreen.Paused), tried(asked, bluegreen.OutcomeReady)),
			told:   bluegreen.ReasonNotApproved,
			want:   readyAfter(3600, nil),
		},
		"its approval": {
			before: Waiting(inPhase(bluegreen.Paused), tried(asked, bluegreen.OutcomeReady)),
			after:  OnGreen(),
			told:   bluegreen.ReasonSwitched,
			want:   once("bluegreen_switches_total"),
		},
		"an ask that an API server's clock has not reached yet": {
			before: Waiting(tried(now.Add(time.Minute), "")),
			after:  OnGreen(),
			told:   bluegreen.ReasonSwitched,
			want:   readyAfter(0, once("bluegreen_switches_total")),
		},
		"an ask whose deadline is over": {
			before: Waiting(tried(asked, "")),
			after:  Waiting(inPhase(bluegreen.Failed), tried(asked, bluegreen.OutcomeFailed)),
			told:   bluegreen.ReasonFailed,
			want:   once(`bluegreen_failures_total{reason="NotReady"}`),
		},
		"an ask whose check has failed": {
			before: Waiting(inPhase(bluegreen.Checking), tried(asked, bluegreen.OutcomeReady)),
			after: Waiting(inPhase(bluegreen.Failed), tried(asked, bluegreen.OutcomeFailed),
				Annotation(bluegreen.ChecksKey, "nginx-check-1/2/Failed")),
			told: bluegreen.ReasonFailed,
			want: once(`bluegreen_failures_total{reason="CheckFailed"}`),
		},
		"another message about it": {
			before: Waiting(inPhase(bluegreen.Failed), tried(asked, bluegreen.OutcomeFailed)),
			after:  Waiting(inPhase(bluegreen.Failed), tried(asked, bluegreen.OutcomeFailed), Annotation(bluegreen.MessageKey, "more")),
			told:   bluegreen.ReasonFailed,
		},
		"a rollback": {
			before: OnGreen(watched("0123abcd-3")),
			after:  Waiting(inPhase(bluegreen.RolledBack), tried(asked, bluegreen.OutcomeRolledBack)),
			told:   bluegreen.ReasonRolledBack,
			want:   map[string]float64{"bluegreen_switches_total": 1, "bluegreen_rollbacks_total": 1},
		},
		"another message about that": {
			before: Waiting(inPhase(bluegreen.RolledBack), tried(asked, bluegreen.OutcomeRolledBack)),
			after: Waiting(inPhase(bluegreen.RolledBack), tried(asked, bluegreen.OutcomeRolledBack),
				Annotation(bluegreen.MessageKey, "more")),
			told: bluegreen.ReasonRolledBack,
		},
		"a version that broke, with nothing to return to": {
			before: OnGreen(watched("0123abcd-3")),
			after:  OnGreen(watched("Failed"), inPhase(bluegreen.Failed)),
			told:   bluegreen.ReasonFailed,
			want:   once(`bluegreen_failures_total{reason="CouldNotReturn"}`),
		},
		"the first word about an ask": {
			before: Waiting(),
			after:  Waiting(tried(asked, "")),
			told:   bluegreen.ReasonNotAvailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			write := bluegreen.Write{
				Change: bluegreen.WriteService{Observed: test.before, Desired: test.after},
				Tell:   &bluegreen.Event{Reason: test.told},
			}
			counted := metricstest.Counted(t, func() { metrics.Wrote(write, now) })
			if !maps.Equal(counted, test.want) {
				t.Errorf("counted %v, want %v", counted, test.want)
			}
		})
	}
}

func TestWritesOfDeploymentsAndSilentOnesCountNothing(t *testing.T) {
	counted := metricstest.Counted(t, func() {
		metrics.Wrote(bluegreen.Write{Change: bluegreen.Protect{Deployment: Deployment("1.11")}}, now)
		metrics.Wrote(bluegreen.Write{Change: bluegreen.WriteService{Observed: Waiting(), Desired: Waiting()}}, now)
	})
	if len(counted) != 0 {
		t.Errorf("counted %v", counted)
	}
}

func TestEventsOfWhatIsHeldAreCountedByKind(t *testing.T) {
	counted := metricstest.Counted(t, func() {
		for _, reason := range []bluegreen.Reason{
			bluegreen.ReasonDeletionHeld, bluegreen.ReasonScaleDownHeld, bluegreen.ReasonRolloutHeld, bluegreen.ReasonScaleDownDone,
		} {
			metrics.Told(bluegreen.Event{Reason: reason})
		}
	})
	want := map[string]float64{
		`bluegreen_held_writes_total{kind="deletion"}`:   1,
		`bluegreen_held_writes_total{kind="scale-down"}`: 1,
		`bluegreen_held_writes_total{kind="rollout"}`:    1,
	}
	if !maps.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}
