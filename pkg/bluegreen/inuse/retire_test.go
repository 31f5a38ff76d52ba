package inuse

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

const (
	switchedAt = "2026-11-28T05:00:00Z"
	leftNote   = "nginx/3/1.10/" + switchedAt
)

// moved is a record of a switch.
func moved(from, to, at string) ServiceOption {
	return Annotation(bluegreen.LastSwitchKey, from+"/"+to+"/"+at+"//version")
}

// retires says that what a Service leaves goes to 0 replicas an hour later.
func retires(s *corev1.Service) { Annotation(bluegreen.RetireAfter, "1h")(s) }

// leftOn is the managed Service that has moved from 1.10 to 1.11, and retires what it left.
func leftOn(options ...ServiceOption) *corev1.Service {
	return OnGreen(append([]ServiceOption{moved("1.10", "1.11", switchedAt), retires}, options...)...)
}

// blue is protected, and has had traffic.
func blue(options ...DeploymentOption) *appsv1.Deployment {
	return Deployment("1.10", append([]DeploymentOption{Protected}, options...)...)
}

// idle is blue once it has drained.
func idle(options ...DeploymentOption) *appsv1.Deployment {
	return Deployment("1.10", append([]DeploymentOption{Noting(bluegreen.LeftKey, leftNote)}, options...)...)
}

func TestWhatComesNextForADeploymentThatRetires(t *testing.T) {
	another := NamedService("other")
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		services   []*corev1.Service
		want       Step
	}{
		"just left":            {blue(), Services(leftOn()), StepLeave},
		"noted, it drains":     {blue(Noting(bluegreen.LeftKey, leftNote)), Services(leftOn()), StepUnprotect},
		"left a second time":   {blue(Noting(bluegreen.LeftKey, "nginx/3/1.10/2026-11-28T04:00:00Z")), Services(leftOn()), StepLeave},
		"left, with no option": {blue(), Services(leftOn(Lacks(bluegreen.RetireAfter))), StepUnprotect},
		"left, with an option that is invalid": {
			blue(), Services(leftOn(Annotation(bluegreen.RetireAfter, "soon"))), StepUnprotect,
		},
		"left by a switch before the last": {blue(), Services(leftOn(moved("1.09", "1.11", switchedAt))), StepUnprotect},
		"left by hand: nothing recorded":   {blue(), Services(leftOn(Lacks(bluegreen.LastSwitchKey))), StepUnprotect},
		"left from a selector without a version": {
			blue(Noting(bluegreen.Serves, "name=nginx")), Services(leftOn(moved("", "1.11", switchedAt))), StepLeave,
		},
		"a target whose ask was withdrawn": {Deployment("1.10", Unnoted), Services(leftOn()), StepUnprotect},
		"a slot that is the next version": {
			blue(Version("1.12"), Paused, Noting(bluegreen.ResumeAfter, "3/3/3")), Services(leftOn()), StepUnprotect,
		},
		"left under deletion":             {blue(Kept), Services(leftOn()), StepUnprotect},
		"left with no replicas":           {blue(Replicas(0)), Services(leftOn()), StepUnprotect},
		"left, and another Service stays": {blue(), Services(leftOn(), Managed(another)), StepNone},
		"left, and asked for":             {blue(), Services(leftOn(Asks("1.10"))), StepNone},

		"drained":                 {idle(), Services(leftOn()), StepRetire},
		"asked for":               {idle(), Services(leftOn(Asks("1.10"))), StepNone},
		"asked for, and ready":    {blue(Noting(bluegreen.LeftKey, leftNote)), Services(leftOn(Asks("1.10"))), StepNone},
		"serves again":            {idle(), Services(Managed(retires)), StepStay},
		"serves another":          {idle(), Services(leftOn(), Managed(another)), StepStay},
		"a preview is on it":      {idle(), Services(leftOn(), Preview()), StepRetire},
		"scaled to 0 by somebody": {idle(Replicas(0)), Services(leftOn()), StepStay},
		"another version by now":  {idle(Version("1.12")), Services(leftOn()), StepStay},
		"the option is gone":      {idle(), Services(leftOn(Lacks(bluegreen.RetireAfter))), StepStay},
		"given back":              {idle(), Services(Service(SelectsVersion("1.11"), retires)), StepStay},
		"protection is disabled":  {idle(), Services(leftOn(Unprotected)), StepStay},
		"the Service is gone":     {idle(), nil, StepStay},
		"a copy":                  {idle(func(d *appsv1.Deployment) { d.UID = "4" }), Services(leftOn()), StepStay},
		"no note":                 {idle(Noting(bluegreen.LeftKey, "soon")), Services(leftOn()), StepStay},
		"under deletion":          {idle(Kept, Noting(bluegreen.LeftKey, leftNote)), Services(Managed()), StepNone},
		"due":                     {idle(Noting(bluegreen.ScaleToZeroAfter, "nginx/3/3/2")), Services(leftOn()), StepUnprotect},
		"due, and changed since":  {idle(Noting(bluegreen.ScaleToZeroAfter, "nginx/3/3/1")), Services(leftOn()), StepForget},
	} {
		t.Run(name, func(t *testing.T) {
			if got := next(test.deployment, test.services, nil); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestTheLastSwitchAndTheLongestStayCount of several Services that left one Deployment.
func TestTheLastSwitchAndTheLongestStayCount(t *testing.T) {
	later := leftOn(NamedService("later"), moved("1.10", "1.11", "2026-11-28T06:00:00Z"), Annotation(bluegreen.RetireAfter, "10m"))
	silent := leftOn(NamedService("silent"), moved("1.10", "1.11", "2026-11-28T07:00:00Z"), Lacks(bluegreen.RetireAfter))
	left, retires := state(blue(), Services(leftOn(), later, silent), nil).left()
	if got := left.String(); !retires || got != "nginx/3/1.10/2026-11-28T07:00:00Z" {
		t.Errorf("got %s, %t", got, retires)
	}
}

// TestALaterInstantThatIsNotedStays: a Service that selects by the version alone is not among those that the cache finds for what it has
// left. Both must come to the same, or it is noted for ever.
func TestALaterInstantThatIsNotedStays(t *testing.T) {
	noted := blue(Noting(bluegreen.LeftKey, "nginx/3/1.10/2026-11-28T05:00:09Z"))
	if got := next(noted, Services(leftOn()), nil); got != StepUnprotect {
		t.Errorf("got %s", got)
	}
}

// TestARetirementWaitsByTheClockOfTheAPIServer, whatever this process's clock says.
func TestARetirementWaitsByTheClockOfTheAPIServer(t *testing.T) {
	left := state(idle(), Services(leftOn()), nil)
	left.Now = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	left.APINow = time.Date(2026, 11, 28, 5, 20, 0, 0, time.UTC)
	decision := Decide(left)
	if wait := decision.LookAgain.Sub(left.Now); wait != 40*time.Minute || len(decision.Writes) > 0 {
		t.Errorf("looks again after %s, and writes %v", wait, decision.Writes)
	}
	left.APINow = left.APINow.Add(40 * time.Minute)
	decision = Decide(left)
	if len(decision.Writes) != 1 || !decision.LookAgain.IsZero() {
		t.Fatalf("got %+v", decision)
	}
	notes := decision.Writes[0].Change.(bluegreen.Note).Notes
	EqualMaps(t, "notes", notes, Pairs(bluegreen.LeftKey, "", bluegreen.ScaleToZeroAfter, "nginx/3/3/3"))
}

// TestPeopleAreToldWhenWhatWasLeftRetires, as soon as traffic has left.
func TestPeopleAreToldWhenWhatWasLeftRetires(t *testing.T) {
	decision := Decide(state(blue(), Services(leftOn()), nil))
	const want = "traffic of Service nginx has left it; it goes to 0 replicas at 2026-11-28T06:00:00Z " +
		"(bluegreen/retire-after: 1h0m0s), unless it is asked for again"
	if told := decision.Writes[0].Tell; told == nil || told.Message != want || told.Reason != bluegreen.ReasonRetiring {
		t.Errorf("got %+v", told)
	}
}
