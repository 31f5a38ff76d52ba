package ladder

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// waitedFor is a Service that waits, as the controller left it so long ago.
func waitedFor(t *testing.T, how time.Duration) *corev1.Service {
	t.Helper()
	asked := Managed(Asks("1.11"))
	state := observe(asked, List(Deployment("1.11", Starting)))
	state.Now = now.Add(-how)
	return admitted(t, serviceWrite{old: asked, new: decideOn(state).Service, byController: true})
}

func TestTheFirstEventOfAnAskSaysFromWhereToWhere(t *testing.T) {
	first := decide(Managed(Asks("1.11")), Deployment("1.11", Starting))
	if want := "Asked to move from version 1.10 to version 1.11: " + notYet; first.Told != want || first.Message != notYet {
		t.Errorf("told %q, message %q", first.Told, first.Message)
	}
	then := decide(first.Service)
	if !strings.HasPrefix(then.Told, "No Deployment has pods") {
		t.Errorf("told %q", then.Told)
	}
}

func TestTheFirstEventOfAPhaseSaysHowLongAgoItWasAskedFor(t *testing.T) {
	waits := waitedFor(t, 42*time.Second)
	byHand(waits)
	paused := decide(waits, Deployment("1.11"))
	if want := "Asked to move from version 1.10 to version 1.11 42s ago: " + paused.Message; paused.Told != want {
		t.Errorf("told %q, want %q", paused.Told, want)
	}
	waits.Annotations[bluegreen.Deadline] = "10s"
	failed := decide(waits, Deployment("1.11", Starting))
	if failed.Told != failed.Message || !strings.HasPrefix(failed.Told, "Version 1.11 was not ready 42s after it was asked for ") {
		t.Errorf("told %q, message %q", failed.Told, failed.Message)
	}
}

func TestASwitchTellsHowLongItWasAskedFor(t *testing.T) {
	const moved = "Traffic moved from version 1.10 to version 1.11"
	for name, test := range map[string]struct {
		service *corev1.Service
		want    string
	}{
		"ready when asked for":         {service: Managed(Asks("1.11")), want: moved},
		"42 s later":                   {service: waitedFor(t, 42*time.Second), want: moved + ", 42s after it was asked for"},
		"two hours later":              {service: waitedFor(t, 2*time.Hour), want: moved + ", 2h0m0s after it was asked for"},
		"by a clock that is behind":    {service: waitedFor(t, -time.Hour), want: moved + ", 0s after it was asked for"},
		"with a record of another ask": {service: Managed(Asks("1.11"), Annotation(bluegreen.AttemptKey, "x")), want: moved},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(test.service, Deployment("1.11"))
			if action.Told != test.want {
				t.Errorf("told %q, want %q", action.Told, test.want)
			}
			if _, still := action.Service.Annotations[bluegreen.AttemptKey]; still {
				t.Error("the attempt outlasts the switch")
			}
			if got, want := action.Service.Annotations[bluegreen.LastSwitchKey], "1.10/1.11/2026-11-28T08:00:00Z//version"; got != want {
				t.Errorf("recorded %s, want %s", got, want)
			}
		})
	}
}

func TestTheRecordsOfAWalk(t *testing.T) {
	c := newCluster(t)
	record := func(key string) string { return c.service.Annotations[key] }
	do := func(steps ...step) {
		for _, step := range steps {
			step(c)
			c.settle()
		}
	}
	expect := func(when, attempt, last string) {
		t.Helper()
		if !strings.HasPrefix(record(bluegreen.AttemptKey), attempt) || (attempt == "") != (record(bluegreen.AttemptKey) == "") {
			t.Errorf("%s: attempt %q", when, record(bluegreen.AttemptKey))
		}
		if !strings.HasPrefix(record(bluegreen.LastSwitchKey), last) || (last == "") != (record(bluegreen.LastSwitchKey) == "") {
			t.Errorf("%s: last switch %q", when, record(bluegreen.LastSwitchKey))
		}
	}
	const since = "2026-11-28T08:00:00Z//"
	do(runs(Deployment("1.10"), Deployment("1.11")), create(Service(Asks("1.10"))))
	expect("created", "", "")
	do(write(Asks("1.11")))
	expect("switched", "", "1.10/1.11/")
	do(write(Asks("1.12")))
	expect("asked for what does not run", since, "1.10/1.11/")
	before := record(bluegreen.AttemptKey)
	do(write(Annotation(bluegreen.AttemptKey, "mine"), Annotation(bluegreen.LastSwitchKey, "mine")))
	expect("written by somebody", before, "1.10/1.11/")
	do(write(Lacks(bluegreen.AttemptKey, bluegreen.LastSwitchKey)))
	expect("replaced", before, "1.10/1.11/")
	do(write(Annotation(bluegreen.Retry, "2")))
	if expect("tried again", since, "1.10/1.11/"); record(bluegreen.AttemptKey) == before {
		t.Error("tried again: the attempt is that of before")
	}
	do(write(Asks("1.11")))
	expect("withdrawn", "", "1.10/1.11/")
	do(write(Asks("1.10")))
	expect("back", "", "1.11/1.10/")
	do(unanswered(write(Annotation(bluegreen.LastSwitchKey, "mine"))))
	expect("forged while the webhook is away", "", "")
	do(write(Asks("1.11")))
	do(write(Annotation(bluegreen.VersionLabel, "name"), Asks("nginx")))
	expect("another version label", "", "")
	do(write(Lacks(bluegreen.TargetVersion)))
	expect("given back", "", "")
}

func TestAnEventTellsThatAnAskEndsWithoutASwitch(t *testing.T) {
	for name, test := range map[string]struct {
		before, after *corev1.Service
		want          string
	}{
		"withdrawn": {
			before: waitedFor(t, 40*time.Second),
			after:  Managed(),
			want:   "Withdrawn Version 1.11 is no longer asked for: traffic stays on version 1.10; it was asked for 40s ago",
		},
		"withdrawn before the controller saw it": {
			before: Waiting(),
			after:  Managed(),
			want:   "Withdrawn Version 1.11 is no longer asked for: traffic stays on version 1.10",
		},
		"given back": {
			before: Managed(),
			after:  Service(),
			want: "NotManaged bluegreen/target-version removed: bluegreen no longer manages this Service; traffic stays on version 1.10, and " +
				"from now on every change of spec.selector moves it at once",
		},
		"outrun by a newer ask":    {before: Waiting(), after: Waiting(Asks("1.12"))},
		"switched":                 {before: Waiting(), after: OnGreen()},
		"switched, and asked back": {before: Waiting(), after: OnGreen(Asks("1.10"))},
		"asked for":                {before: Managed(), after: Waiting()},
		"adopted":                  {before: Service(), after: Managed()},
		"never managed":            {before: Service(), after: Service()},
		"at rest":                  {before: Managed(), after: Managed()},
		"nonsense asked for":       {before: Waiting(), after: Waiting(Asks("not a label!"))},
		"nonsense asked for ends":  {before: Managed(Asks("not a label!")), after: Managed()},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			if event := Ended(test.before, test.after, now); event != nil {
				got = string(event.Reason) + " " + event.Message
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
