package ladder

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// inTenMinutes limits an ask.
var inTenMinutes = Annotation(bluegreen.Deadline, "10m")

// fails is a Service whose ask has been given up, and the version that is live.
func fails(version string, writes int) stop { return stop{"Failed", ReasonFailed, version, writes} }

// later lets time go by.
func later(by time.Duration) step { return func(c *cluster) { c.now = c.now.Add(by) } }

func TestAnAskThatIsNotReadyInTimeFailsAndStaysSo(t *testing.T) {
	blue, green, greenStarts := Deployment("1.10"), Deployment("1.11"), Deployment("1.11", Starting)
	began := []step{runs(blue, greenStarts), create(Service(Asks("1.10"), inTenMinutes)), write(Asks("1.11")), later(10 * time.Minute)}
	untilFailed := []stop{rests("1.10", noWrite), waits(ReasonNotAvailable, "1.10", oneWrite), fails("1.10", oneWrite)}
	for name, test := range map[string]struct {
		steps []step
		want  []stop // after those of began
	}{
		"its version gets ready": {
			steps: []step{runs(green), later(time.Hour)},
			want:  []stop{fails("1.10", noWrite), fails("1.10", noWrite)},
		},
		"applied again": {
			steps: []step{runs(green), write(), write(Lacks(bluegreen.AttemptKey, bluegreen.PhaseKey, bluegreen.MessageKey))},
			want:  []stop{fails("1.10", noWrite), fails("1.10", noWrite), fails("1.10", noWrite)},
		},
		"phase and message lost while the webhook is away": {
			steps: []step{runs(green), unanswered(write(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey)))},
			want:  []stop{fails("1.10", noWrite), fails("1.10", oneWrite)},
		},
		"a longer deadline, and none": {
			steps: []step{runs(green), write(Annotation(bluegreen.Deadline, "1h")), write(Lacks(bluegreen.Deadline))},
			want:  []stop{fails("1.10", noWrite), fails("1.10", noWrite), fails("1.10", noWrite)},
		},
		"asked for again": {
			steps: []step{runs(green), write(Annotation(bluegreen.Retry, "2"))},
			want:  []stop{fails("1.10", noWrite), rests("1.11", oneWrite)},
		},
		"asked for again, and late again": {
			steps: []step{write(Annotation(bluegreen.Retry, "2")), later(9 * time.Minute), later(time.Minute)},
			want:  []stop{waits(ReasonNotAvailable, "1.10", oneWrite), waits(ReasonNotAvailable, "1.10", noWrite), fails("1.10", oneWrite)},
		},
		"asked for again while the webhook is away": {
			steps: []step{runs(green), unanswered(write(Annotation(bluegreen.Retry, "2")))},
			want:  []stop{fails("1.10", noWrite), rests("1.11", oneWrite)},
		},
		"another version": {
			steps: []step{runs(Deployment("1.12")), write(Asks("1.12")), runs(green), write(Asks("1.11"))},
			want:  []stop{fails("1.10", noWrite), rests("1.12", oneWrite), rests("1.12", noWrite), rests("1.11", oneWrite)},
		},
		"withdrawn, and asked for anew": {
			steps: []step{write(Asks("1.10")), runs(green), write(Asks("1.11"))},
			want:  []stop{rests("1.10", noWrite), rests("1.10", noWrite), rests("1.11", oneWrite)},
		},
		"withdrawn while the webhook is away": {
			steps: []step{unanswered(write(Asks("1.10"))), runs(green), write(Asks("1.11"))},
			want:  []stop{rests("1.10", oneWrite), rests("1.10", noWrite), rests("1.11", oneWrite)},
		},
		"given back, and adopted": {
			steps: []step{write(Lacks(bluegreen.TargetVersion)), runs(green), write(Asks("1.11"))},
			want:  []stop{unmanaged("1.10", noWrite), unmanaged("1.10", noWrite), rests("1.11", oneWrite)},
		},
		"nonsense asked for while the webhook is away, and mended": {
			steps: []step{runs(green), unanswered(write(Annotation(bluegreen.Ready, "soon"))), write(Annotation(bluegreen.Ready, "minimum"))},
			want:  []stop{fails("1.10", noWrite), waits(ReasonInvalid, "1.10", oneWrite), fails("1.10", oneWrite)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := walk(t, append(slices.Clone(began), test.steps...)...)
			expectWalk(t, got, append(slices.Clone(untilFailed), test.want...)...)
		})
	}
}

func TestADeadlineFailsNothingThatIsReadyOrServes(t *testing.T) {
	blue, green, greenStarts := Deployment("1.10"), Deployment("1.11"), Deployment("1.11", Starting)
	got := walk(t,
		runs(blue, greenStarts),
		create(Service(Asks("1.10"), inTenMinutes)),
		later(time.Hour),
		write(Asks("1.11")),
		later(10*time.Minute-time.Second),
		runs(green),
		later(time.Hour),
		runs(greenStarts),
		later(time.Hour),
	)
	expectWalk(t, got,
		rests("1.10", noWrite),
		rests("1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", oneWrite),
		waits(ReasonNotAvailable, "1.10", noWrite),
		rests("1.11", oneWrite),
		rests("1.11", noWrite),
		rests("1.11", noWrite),
		rests("1.11", noWrite),
	)
}

func TestWhoWaitsForADeadlineLooksAgainThen(t *testing.T) {
	greenStarts := Deployment("1.11", Starting)
	for name, test := range map[string]struct {
		service *corev1.Service
		want    time.Time
	}{
		"just asked for":                  {service: Managed(Asks("1.11"), inTenMinutes), want: now.Add(10 * time.Minute)},
		"without a deadline":              {service: Managed(Asks("1.11"))},
		"asked for 4 minutes ago":         {service: edited(waitedFor(t, 4*time.Minute), inTenMinutes), want: now.Add(6 * time.Minute)},
		"by a clock that is an hour late": {service: edited(waitedFor(t, -time.Hour), inTenMinutes), want: now.Add(70 * time.Minute)},
		"at rest":                         {service: Managed(inTenMinutes)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Decide(observe(test.service, List(greenStarts))).LookAgain; !got.Equal(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAFailureSaysWhyAndEndsInACommandThatTriesAgain(t *testing.T) {
	late := edited(waitedFor(t, 10*time.Minute), inTenMinutes)
	action := decide(late, Deployment("1.10"), Deployment("1.11", Starting))
	want := "Version 1.11 was not ready 10m0s after it was asked for (" + notYet + "): traffic stays on version 1.10; " +
		"ask for another version, or for this one again: kubectl annotate service nginx -n shop bluegreen/retry=1795852200 --overwrite"
	if action.Reason != ReasonFailed || action.Told != want || action.Message != want || !action.Warning {
		t.Errorf("got %+v\nwant %s", action, want)
	}
	talks := reports("ReplicaFailure", corev1.ConditionTrue, "FailedCreate", strings.Repeat("x", 2000))
	long := decide(late, Deployment("1.10"), Deployment("1.11", Starting, talks))
	if !strings.HasSuffix(long.Message, "bluegreen/retry=1795852200 --overwrite") {
		t.Errorf("got %s", long.Message)
	}
}

// inPlace is one Deployment whose template has the version: its rollout ends the pods that serve.
func inPlace(options ...DeploymentOption) *appsv1.Deployment {
	built := Deployment("1.10", append([]DeploymentOption{Named("nginx"), Protected}, options...)...)
	built.Spec.Selector.MatchLabels = Pairs("name", "nginx")
	return built
}

func TestADeadlineDoesNotMakeAnOutageLast(t *testing.T) {
	green, greenStarts := Deployment("1.11"), Deployment("1.11", Starting)
	for name, test := range map[string]struct {
		before, during, after *appsv1.Deployment
	}{
		"a rollout in place": {
			before: inPlace(),
			during: inPlace(Version("1.11"), Rolled(1, 4, 3)),
			after:  inPlace(Version("1.11"), Rolled(3, 3, 3)),
		},
		"what is live is down": {
			before: Deployment("1.10"),
			during: Deployment("1.10", Available(0)),
			after:  Deployment("1.10", Available(0)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			steps := []step{runs(test.before), create(Service(Asks("1.10"), inTenMinutes)), runs(test.during)}
			if test.before.Name != "nginx" {
				steps = append(steps, runs(greenStarts))
			}
			steps = append(steps, write(Asks("1.11")), later(time.Hour), runs(test.after))
			if test.before.Name != "nginx" {
				steps = append(steps, runs(green))
			}
			got := walk(t, append(steps, later(time.Hour))...)
			for _, stop := range got {
				if stop.phase == "Failed" {
					t.Errorf("failed: %v", got)
				}
			}
			if last := got[len(got)-1]; last.version != "1.11" {
				t.Errorf("traffic is on %s, of which no pod is left: %v", last.version, got)
			}
		})
	}
}

func TestADeadlineCountsWhereNoDeploymentServes(t *testing.T) {
	late := edited(waitedFor(t, 10*time.Minute), inTenMinutes)
	expectReason(t, decide(late, Deployment("1.11", Starting)), ReasonFailed)
	expectReason(t, decide(late), ReasonFailed)
	expectReason(t, decide(late, inPlace(Version("1.11"), Starting)), ReasonNotAvailable)
}

func TestAFailureTellsWhatBecomesOfWhatServes(t *testing.T) {
	late := edited(waitedFor(t, 10*time.Minute), inTenMinutes)
	green := Deployment("1.11", Starting)
	kept := decide(late, Deployment("1.10", Kept), green)
	if !strings.Contains(kept.Message, "--overwrite; Deployment nginx-1.10: serves and is being deleted") {
		t.Errorf("got %s", kept.Message)
	}
	scaled := decide(kept.Service, Deployment("1.10", Replicas(0)), green)
	const zero = "--overwrite; Deployment nginx-1.10: serves and has 0 replicas"
	if !strings.Contains(scaled.Message, zero) || strings.Contains(scaled.Message, "deleted") {
		t.Errorf("got %s", scaled.Message)
	}
	mended := decide(scaled.Service, Deployment("1.10"), green)
	if !strings.HasSuffix(mended.Message, " --overwrite") || !strings.Contains(mended.Message, notYet) {
		t.Errorf("got %s", mended.Message)
	}
}

func TestAFailureIsWrittenOnceHoweverLongItsMessageIs(t *testing.T) {
	long := strings.Repeat("x", 63)
	selects := []string{"version", "1.10"}
	for i := range 20 {
		selects = append(selects, long[i:], long)
	}
	service := edited(waitedFor(t, 10*time.Minute), inTenMinutes, Selects(selects...))
	first := decide(service)
	state := observe(first.Service, nil)
	state.Now = state.Now.Add(time.Hour)
	second := decideOn(state)
	state = observe(second.Service, nil)
	state.Now = state.Now.Add(2 * time.Hour)
	if third := decideOn(state); third.Writes || first.Reason != ReasonFailed || third.Reason != ReasonFailed {
		t.Errorf("written again: %s, then %s", second.Message, third.Message)
	}
}

func TestAMessageThatSomebodyWroteOnAFailureIsPutBack(t *testing.T) {
	c := newCluster(t)
	for _, step := range []step{
		runs(Deployment("1.10")), create(Service(Asks("1.10"), inTenMinutes)), write(Asks("1.11")), later(10 * time.Minute),
		unanswered(write(Annotation(bluegreen.MessageKey, "all is well --overwrite"))), later(time.Hour),
	} {
		step(c)
		c.settle()
	}
	if got := c.service.Annotations[bluegreen.MessageKey]; !strings.HasPrefix(got, "Version 1.11 was not ready in time: traffic stays") {
		t.Errorf("got %s", got)
	}
}

// edited is a Service with changes.
func edited(service *corev1.Service, options ...ServiceOption) *corev1.Service {
	for _, option := range options {
		option(service)
	}
	return service
}
