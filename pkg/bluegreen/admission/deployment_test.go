package admission

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestTheRolloutOfNewPodLabelsWaits: whatever else a write says, and however often it is repeated.
func TestTheRolloutOfNewPodLabelsWaits(t *testing.T) {
	for name, test := range map[string]struct {
		old, new *appsv1.Deployment
		paused   bool
		replicas int32
		note     string
		warned   bool
	}{
		"the version":                           {Slot(), Slot(Version("1.12")), true, 3, "3/3/3", true},
		"version and replicas":                  {Slot(), Slot(Version("1.12"), Replicas(0)), true, 3, "3/3/0", true},
		"version and more replicas":             {Slot(), Slot(Version("1.12"), Replicas(5)), true, 3, "3/3/5", true},
		"another label":                         {Slot(), Slot(Labelled("name", "apache", "version", "1.10")), true, 3, "3/3/3", true},
		"a label that nothing selects by":       {Slot(), Slot(Labelled("name", "nginx", "version", "1.10", "more", "a")), false, 3, "", false},
		"the same again":                        {HeldSlot(), HeldSlot(), true, 3, "3/3/2", false},
		"the same again, replicas as written":   {HeldSlot(), HeldSlot(Replicas(2)), true, 3, "3/3/2", false},
		"other replicas":                        {HeldSlot(), HeldSlot(Replicas(0)), true, 3, "3/3/0", false},
		"yet another version":                   {HeldSlot(), HeldSlot(Version("1.13")), true, 3, "3/3/3", true},
		"resumed by hand":                       {HeldSlot(), HeldSlot(func(d *appsv1.Deployment) { d.Spec.Paused = false }), true, 3, "3/3/2", true},
		"put right":                             {HeldSlot(), HeldSlot(Version("1.10")), false, 3, "", false},
		"put right, and scaled":                 {HeldSlot(), HeldSlot(Version("1.10"), Replicas(4)), false, 4, "", false},
		"paused by the user":                    {Slot(), Slot(Version("1.12"), Paused), true, 3, "", false},
		"the user resumes what the user paused": {Slot(Version("1.12"), Paused), Slot(Version("1.12")), true, 3, "3/3/3", true},
		"under deletion":                        {Slot(DeletedSlot), Slot(DeletedSlot, Version("1.12")), true, 3, "3/3/3", true},
	} {
		t.Run(name, func(t *testing.T) {
			services := []*corev1.Service{Managed()}
			answer := admitDeployment(deploymentWrite{Old: test.old, New: test.new, Services: services})
			got := answer.Deployment
			if got.Spec.Paused != test.paused || ptr.Deref(got.Spec.Replicas, 1) != test.replicas || got.Annotations[bluegreen.ResumeAfter] != test.note {
				t.Errorf("paused %t, %d replicas, noted %q", got.Spec.Paused, *got.Spec.Replicas, got.Annotations[bluegreen.ResumeAfter])
			}
			if got.Annotations[bluegreen.Serves] != "name=nginx,version=1.10" {
				t.Errorf("serves %q", got.Annotations[bluegreen.Serves])
			}
			if warned := len(answer.Warnings) > 0; warned != test.warned {
				t.Errorf("warnings %q", answer.Warnings)
			}
			// The API server asks again where another webhook has changed the write.
			again := admitDeployment(deploymentWrite{Old: test.old, New: got, Services: services}).Deployment
			if !reflect.DeepEqual(again, got) {
				t.Errorf("admitted again: %+v, was %+v", again, got)
			}
		})
	}
}

// TestNotesAreBluegreensOwn: every kubectl replace leaves them out, and somebody may forge them.
func TestNotesAreBluegreensOwn(t *testing.T) {
	bare := Slot()
	bare.Annotations = Pairs("theirs", "a")
	forged := Slot(Noting(bluegreen.Serves, "name=apache"), Noting(bluegreen.ScaleToZeroAfter, "nginx/3/3"), Noting(bluegreen.ResumeAfter, "3/3/0"))
	for name, written := range map[string]*appsv1.Deployment{"left out": bare, "forged": forged} {
		got := admitDeployment(deploymentWrite{Old: Slot(), New: written, Services: []*corev1.Service{Managed()}}).Deployment
		if got.Annotations[bluegreen.Serves] != "name=nginx,version=1.10" || got.Annotations[bluegreen.ScaleToZeroAfter] != "" || got.Annotations[bluegreen.ResumeAfter] != "" {
			t.Errorf("%s: %v", name, got.Annotations)
		}
	}
}

// TestAHoldInOneWriteSurvivesAnotherCallForIt: the API server asks again where another webhook has changed the write.
func TestAHoldInOneWriteSurvivesAnotherCallForIt(t *testing.T) {
	services := []*corev1.Service{Waiting()}
	for name, written := range map[string]*appsv1.Deployment{
		"relabelled, to none": Slot(Version("1.12"), Replicas(0)),
		"relabelled":          Slot(Version("1.12")),
		"scaled to 0":         Slot(Replicas(0)),
	} {
		first := admitDeployment(deploymentWrite{Old: Slot(), New: written, Services: services}).Deployment
		second := admitDeployment(deploymentWrite{Old: Slot(), New: first, Services: services}).Deployment
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%s: %+v, was %+v", name, second, first)
		}
	}
}

func TestAScaleDownWaitsForTheSwitchAwayThatIsPendingAndForTheDrain(t *testing.T) {
	const (
		pending = "bluegreen: spec.replicas: stays 3 while Deployment nginx-1.10 serves Service nginx; it goes to 0 once traffic has moved to version 1.11"
		drains  = "bluegreen: spec.replicas: stays 3 until Deployment nginx-1.10 has drained; traffic of Service nginx has just moved from it, and then it goes to 0"
	)
	for name, test := range map[string]struct {
		services []*corev1.Service
		warning  string
	}{
		"pending":                  {[]*corev1.Service{Waiting()}, pending},
		"pending, beside others":   {[]*corev1.Service{Service(), Managed(), Waiting()}, pending},
		"left":                     {[]*corev1.Service{Managed(Asks("1.11"), Selects("name", "nginx", "version", "1.11"))}, drains},
		"left, others wait":        {[]*corev1.Service{Waiting(Selects("name", "nginx", "version", "1.09"))}, drains},
		"asked back":               {[]*corev1.Service{Managed(Selects("name", "nginx", "version", "1.11"))}, ""},
		"at rest":                  {[]*corev1.Service{Managed()}, ""},
		"a plain Service":          {[]*corev1.Service{Service()}, ""},
		"protection is not wanted": {[]*corev1.Service{Waiting(Annotation(bluegreen.InUseProtection, "disabled"))}, ""},
		"a bad ask":                {[]*corev1.Service{Managed(Asks("?"))}, ""},
		"serves nothing":           {[]*corev1.Service{Waiting(Selects("name", "other", "version", "1.09"))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := Deployment("1.10", Protected, Replicas(0))
			answer := admitDeployment(deploymentWrite{Old: Deployment("1.10", Protected), New: wanted, Services: test.services})
			held := answer.Deployment
			if got := strings.Join(answer.Warnings, "\n"); got != test.warning {
				t.Fatalf("got %q", got)
			}
			if test.warning != "" && (*held.Spec.Replicas != 3 || held.Annotations[bluegreen.ScaleToZeroAfter] != "nginx/3/3") {
				t.Errorf("got %d replicas, %v", *held.Spec.Replicas, held.Annotations)
			}
			if test.warning == "" && (*held.Spec.Replicas != 0 || held.Annotations[bluegreen.ScaleToZeroAfter] != "") {
				t.Errorf("it is the writer's right: got %d replicas, %v", *held.Spec.Replicas, held.Annotations)
			}
			if *wanted.Spec.Replicas != 0 || len(wanted.Annotations) != 1 {
				t.Error("the write was changed in place")
			}
		})
	}
}

func TestAFinalizerThatAWriteTakesOffWhatServesIsPutBack(t *testing.T) {
	theirs := func(d *appsv1.Deployment) { d.Finalizers = []string{"example.org/theirs"} }
	for name, test := range map[string]struct {
		old, new *appsv1.Deployment
		services []*corev1.Service
		want     []string
	}{
		"under deletion":           {Deployment("1.10", Kept), Deployment("1.10"), []*corev1.Service{Managed()}, []string{bluegreen.InUseProtection}},
		"not under deletion":       {Deployment("1.10", Protected), Deployment("1.10", theirs), []*corev1.Service{Managed()}, []string{"example.org/theirs", bluegreen.InUseProtection}},
		"while a switch is held":   {Deployment("1.10", Kept), Deployment("1.10"), []*corev1.Service{Waiting()}, []string{bluegreen.InUseProtection}},
		"not taken off":            {Deployment("1.10", Protected), Deployment("1.10", Protected), []*corev1.Service{Managed()}, nil},
		"not there before":         {Deployment("1.10"), Deployment("1.10"), []*corev1.Service{Managed()}, nil},
		"not in use":               {Deployment("1.09", Kept), Deployment("1.09"), []*corev1.Service{Managed()}, nil},
		"protection is not wanted": {Deployment("1.10", Kept), Deployment("1.10"), []*corev1.Service{Managed(Annotation(bluegreen.InUseProtection, "disabled"))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admitDeployment(deploymentWrite{Old: test.old, New: test.new, Services: test.services})
			want := test.want
			if want == nil {
				want = test.new.Finalizers
			}
			if !slices.Equal(answer.Deployment.Finalizers, want) || (test.want != nil) != (len(answer.Warnings) > 0) {
				t.Errorf("got %q, %q", answer.Deployment.Finalizers, answer.Warnings)
			}
		})
	}
}
