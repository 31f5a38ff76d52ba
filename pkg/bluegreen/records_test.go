package bluegreen_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

var (
	eight = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	nine  = eight.Add(time.Hour)
)

func uid(s *corev1.Service) { s.UID = "7" }

func TestTheRecordsAreAContractAndNeverChange(t *testing.T) {
	waiting := bluegreen.Read(Waiting(uid))
	EqualMaps(t, "of a wait", waiting.Records(eight), Pairs("bluegreen/attempt", "2026-11-28T08:00:00Z/7/8a2db7bed7c6ac0e"))
	EqualMaps(t, "at rest", bluegreen.Read(Managed(uid)).Records(eight), nil)
	switched := waiting.Switched(eight)
	if got, want := switched.String(), "1.10/1.11/2026-11-28T08:00:00Z/7/version"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	watched := switched.Watching(List(Deployment("1.11"), Deployment("1.11", Revision("4"), Replicas(5))))
	if got, want := watched.String(), "1.10/1.11/2026-11-28T08:00:00Z/7/version/ea87e65c-3,fadb2fdc-5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := watched.Judge().String(), "1.10/1.11/2026-11-28T08:00:00Z/7/version/Failed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnAttemptCountsFromWhenItsAskWasSeenFirstAndForThatAskAlone(t *testing.T) {
	record := bluegreen.Read(Waiting(uid)).Records(eight)[bluegreen.AttemptKey]
	with := func(options ...ServiceOption) *corev1.Service {
		return Waiting(append([]ServiceOption{uid, Annotation(bluegreen.AttemptKey, record)}, options...)...)
	}
	for name, test := range map[string]struct {
		service *corev1.Service
		stands  bool
		goesOn  bool // though it does not stand
	}{
		"the same ask":               {service: with(), stands: true},
		"another option":             {service: with(Annotation(bluegreen.Ready, "complete")), stands: true},
		"the default, spelled out":   {service: with(Annotation(bluegreen.VersionLabel, "version")), stands: true},
		"another version":            {service: with(Asks("1.12"))},
		"another version label":      {service: with(Annotation(bluegreen.VersionLabel, "track"))},
		"another try":                {service: with(Annotation(bluegreen.Retry, "2"))},
		"another Service":            {service: with(func(s *corev1.Service) { s.UID = "8" })},
		"no ask":                     {service: with(Lacks(bluegreen.TargetVersion))},
		"nothing pending":            {service: with(Asks("1.10"))},
		"an invalid option, for now": {service: with(Annotation(bluegreen.Ready, "soon")), goesOn: true},
		"an instant that is none":    {service: with(Annotation(bluegreen.AttemptKey, "eight/7/8a2db7bed7c6ac0e"))},
		"something after the record": {service: with(Annotation(bluegreen.AttemptKey, record+"/x"))},
		"nothing":                    {service: with(Annotation(bluegreen.AttemptKey, ""))},
	} {
		t.Run(name, func(t *testing.T) {
			service := bluegreen.Read(test.service)
			attempt, found := service.Attempt()
			if found != test.stands || found && !attempt.Since.Equal(eight) {
				t.Fatalf("got %v, %v", attempt, found)
			}
			switch later := service.Records(nine)[bluegreen.AttemptKey]; {
			case test.stands && later != record:
				t.Errorf("it goes on as %s", later)
			case !test.stands && test.goesOn != (later == record):
				t.Error("what is void goes on")
			case !test.stands && !test.goesOn && service.Pending() != (later != ""):
				t.Errorf("pending: %t, and then it is %q", service.Pending(), later)
			}
		})
	}
}

func TestTheLastSwitchStandsWhileTrafficIsWhereItWent(t *testing.T) {
	const record = "1.10/1.11/2026-11-28T08:00:00Z/7/version"
	with := func(value string, options ...ServiceOption) *corev1.Service {
		return OnGreen(append([]ServiceOption{uid, Annotation(bluegreen.LastSwitchKey, value)}, options...)...)
	}
	for name, test := range map[string]struct {
		service *corev1.Service
		stands  bool
	}{
		"as it was recorded":    {service: with(record), stands: true},
		"another ask":           {service: with(record, Asks("1.12")), stands: true},
		"an invalid ask":        {service: with(record, Asks("")), stands: true},
		"traffic was moved":     {service: with(record, SelectsVersion("1.12"))},
		"another Service":       {service: with(record, func(s *corev1.Service) { s.UID = "8" })},
		"another version label": {service: with(record, Annotation(bluegreen.VersionLabel, "name"))},
		"watched":               {service: with(record + "/2b1d4d49-3,cc1e1d79-12"), stands: true},
		"judged":                {service: with(record + "/Failed"), stands: true},
		"half a mark":           {service: with(record + "/2b1d4d49-3,")},
		"an end too many":       {service: with(record + "/2b1d4d49-3/Failed")},
		"no end":                {service: with(record + "/")},
		"four parts":            {service: with("1.10/1.11/2026-11-28T08:00:00Z/7")},
		"six parts":             {service: with(record + "/x")},
		"no instant":            {service: with("1.10/1.11/now/7/version")},
	} {
		t.Run(name, func(t *testing.T) {
			service := bluegreen.Read(test.service)
			if last, found := service.LastSwitch(); found != test.stands || found && (last.From != "1.10" || !last.At.Equal(eight)) {
				t.Errorf("got %v, %v", last, found)
			}
			if _, goesOn := service.Records(nine)[bluegreen.LastSwitchKey]; goesOn != test.stands {
				t.Errorf("goes on: %t", goesOn)
			}
		})
	}
}

func TestALabelWithAPrefixIsRecordedToo(t *testing.T) {
	asks := Managed(uid, Annotation(bluegreen.VersionLabel, "example.org/track"), Asks("green"), Selects("example.org/track", "blue"))
	record := bluegreen.Read(asks).Switched(eight).String()
	after := Managed(uid, Annotation(bluegreen.VersionLabel, "example.org/track"), Asks("green"), Selects("example.org/track", "green"),
		Annotation(bluegreen.LastSwitchKey, record))
	last, found := bluegreen.Read(after).LastSwitch()
	want := bluegreen.LastSwitch{From: "blue", To: "green", At: eight, UID: "7", Label: "example.org/track"}
	if !found || last != want {
		t.Errorf("got %+v, want %+v", last, want)
	}
}

func TestNoServiceHasNoRecords(t *testing.T) {
	if _, found := bluegreen.Read(nil).LastSwitch(); found {
		t.Error("it has a last switch")
	}
}
