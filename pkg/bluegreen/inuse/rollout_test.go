package inuse

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWhatComesNextForADeploymentThatIsKept(t *testing.T) {
	left := Managed(Asks("1.11"), Selects("name", "nginx", "version", "1.11"))
	asked := Managed(Asks("1.12"))
	moved := Managed(Asks("1.12"), Selects("name", "nginx", "version", "1.12"))
	other := Deployment("1.12", Named("nginx-green"))
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		beside     *appsv1.Deployment
		want       Step
	}{
		"serves":                          {Slot(), Managed(), nil, StepNone},
		"left":                            {Slot(), left, nil, StepUnprotect},
		"held, and serves":                {HeldSlot(), Managed(), nil, StepNone},
		"held, and serves under deletion": {HeldSlot(DeletedSlot), Managed(), nil, StepNone},
		"held, and left":                  {HeldSlot(), left, nil, StepUnprotect},
		"held, and left for another of its labels": {HeldSlot(), moved, other, StepResume},
		"held, left, and under deletion":           {HeldSlot(DeletedSlot), moved, other, StepUnprotect},
		"held, and alone what is asked for":        {HeldSlot(), asked, nil, StepRoll},
		"held, another can become ready":           {HeldSlot(), asked, other, StepNone},
		"held, alone, but it is to have none":      {HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")), asked, nil, StepNone},
		"held, alone, but it is being deleted":     {HeldSlot(DeletedSlot), asked, nil, StepNone},
		"a note of another Deployment's":           {HeldSlot(Noting(bluegreen.ResumeAfter, "9/3/2")), left, nil, StepUnprotect},
		"protection is not wanted":                 {HeldSlot(), Managed(Annotation(bluegreen.InUseProtection, "disabled")), nil, StepUnprotect},
	} {
		t.Run(name, func(t *testing.T) {
			beside := List(test.deployment)
			if test.beside != nil {
				beside = append(beside, test.beside)
			}
			if got := state(test.deployment, []*corev1.Service{test.service}, beside).Next(); got != test.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestReplicasComeBeforeTheRolloutGoesOn(t *testing.T) {
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		want       int32
		due        bool
	}{
		"asked for":                         {HeldSlot(), Waiting(), 2, true},
		"to none":                           {HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")), OnGreen(), 0, true},
		"to none, and it serves":            {HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")), Waiting(), 0, false},
		"as many as there are":              {HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/3")), Waiting(), 3, false},
		"somebody scaled it since":          {HeldSlot(Replicas(7)), Waiting(), 2, false},
		"done":                              {HeldSlot(Replicas(2)), Waiting(), 2, false},
		"to none, and its version is asked": {HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")), Managed(Asks("1.12")), 0, false},
		"to some, and its version is asked": {HeldSlot(), Managed(Asks("1.12")), 2, true},
	} {
		if got, due := state(test.deployment, []*corev1.Service{test.service}, nil).replicasDue(); due != test.due || due && got != test.want {
			t.Errorf("%s: %d, %t", name, got, due)
		}
	}
}

// TestPutRightPastTheWebhookNothingThatServesGoesToNone: the note of the mistake is still there.
func TestPutRightPastTheWebhookNothingThatServesGoesToNone(t *testing.T) {
	right := Slot(Paused, Noting(bluegreen.ResumeAfter, "3/3/0"))
	services := []*corev1.Service{Managed()}
	if step := state(right, services, List(right)).Next(); step != StepResume {
		t.Errorf("next is %s", step)
	}
	if count, due := state(right, services, List(right)).replicasDue(); due {
		t.Errorf("goes to %d", count)
	}

	left := OnGreen()
	another := Managed(Selects("name", "nginx", "track", "stable"), Annotation(bluegreen.VersionLabel, "track"), Asks("stable"))
	another.Name = "another"
	shared := Slot(Labelled("name", "nginx", "version", "1.12", "track", "stable"), Paused, Noting(bluegreen.ResumeAfter, "3/3/0"),
		Noting(bluegreen.Serves, "name=nginx,track=stable,version=1.10"))
	if count, due := state(shared, []*corev1.Service{left, another}, List(shared)).replicasDue(); due {
		t.Errorf("goes to %d while another Service uses it", count)
	}
}

// TestASlotGoesToNoneWhereAnotherServesItsVersion: a chart with one version for both slots.
func TestASlotGoesToNoneWhereAnotherServesItsVersion(t *testing.T) {
	blue := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"))
	on := Managed(Asks("1.12"), Selects("name", "nginx", "version", "1.12"))
	if count, due := state(blue, []*corev1.Service{on}, List(blue, Deployment("1.12", Named("nginx-green")))).replicasDue(); !due || count != 0 {
		t.Errorf("got %d, %t", count, due)
	}
}

// TestASlotThatRollsForAServiceThatWaitsIsNotNoted: it does not serve.
func TestASlotThatRollsForAServiceThatWaitsIsNotNoted(t *testing.T) {
	waits := Managed(Asks("1.12"), Selects("name", "nginx", "version", "1.11"))
	if got := bluegreen.NoteOfRollout(HeldSlot(), state(nil, []*corev1.Service{waits}, nil).Services); got != "" {
		t.Errorf("got %q", got)
	}
	if got := bluegreen.NoteOfRollout(HeldSlot(), state(nil, []*corev1.Service{Managed(Selects("name", "nginx"))}, nil).Services); got != "name=nginx" {
		t.Errorf("of what selects it before and after: %q", got)
	}
}
