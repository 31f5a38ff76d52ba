package bluegreen

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// slot is a Deployment whose selector does not name the version, serving 1.10.
func slot(options ...deploymentOption) *appsv1.Deployment {
	built := deployment("1.10", append([]deploymentOption{named("nginx-blue"), protected}, options...)...)
	built.Spec.Selector.MatchLabels = pairs("name", "nginx", "slot", "blue")
	return built
}

// heldSlot is one whose new version waits.
func heldSlot(options ...deploymentOption) *appsv1.Deployment {
	return slot(append([]deploymentOption{version("1.12"), paused, noting(ResumeAfter, "3/3/2")}, options...)...)
}

func version(version string) deploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Template.Labels = pairs("name", "nginx", "version", version) }
}

func noting(key, value string) deploymentOption {
	return func(d *appsv1.Deployment) { d.Annotations = with(d.Annotations, key, value) }
}

func with(annotations map[string]string, key, value string) map[string]string {
	copied := pairs(key, value)
	for k, v := range annotations {
		if k != key {
			copied[k] = v
		}
	}
	return copied
}

// TestTheRolloutOfNewPodLabelsWaits: whatever else a write says, and however often it is repeated.
func TestTheRolloutOfNewPodLabelsWaits(t *testing.T) {
	for name, test := range map[string]struct {
		old, new *appsv1.Deployment
		paused   bool
		replicas int32
		note     string
		warned   bool
	}{
		"the version":                           {slot(), slot(version("1.12")), true, 3, "3/3/3", true},
		"version and replicas":                  {slot(), slot(version("1.12"), replicas(0)), true, 3, "3/3/0", true},
		"version and more replicas":             {slot(), slot(version("1.12"), replicas(5)), true, 3, "3/3/5", true},
		"another label":                         {slot(), slot(labelled("name", "apache", "version", "1.10")), true, 3, "3/3/3", true},
		"a label that nothing selects by":       {slot(), slot(labelled("name", "nginx", "version", "1.10", "more", "a")), false, 3, "", false},
		"the same again":                        {heldSlot(), heldSlot(), true, 3, "3/3/2", false},
		"the same again, replicas as written":   {heldSlot(), heldSlot(replicas(2)), true, 3, "3/3/2", false},
		"other replicas":                        {heldSlot(), heldSlot(replicas(0)), true, 3, "3/3/0", false},
		"yet another version":                   {heldSlot(), heldSlot(version("1.13")), true, 3, "3/3/3", true},
		"resumed by hand":                       {heldSlot(), heldSlot(func(d *appsv1.Deployment) { d.Spec.Paused = false }), true, 3, "3/3/2", true},
		"put right":                             {heldSlot(), heldSlot(version("1.10")), false, 3, "", false},
		"put right, and scaled":                 {heldSlot(), heldSlot(version("1.10"), replicas(4)), false, 4, "", false},
		"paused by the user":                    {slot(), slot(version("1.12"), paused), true, 3, "", false},
		"the user resumes what the user paused": {slot(version("1.12"), paused), slot(version("1.12")), true, 3, "3/3/3", true},
		"under deletion":                        {slot(deletedSlot), slot(deletedSlot, version("1.12")), true, 3, "3/3/3", true},
	} {
		t.Run(name, func(t *testing.T) {
			services := []*corev1.Service{managed()}
			answer := AdmitDeployment(DeploymentWrite{Old: test.old, New: test.new, Services: services})
			got := answer.Deployment
			if got.Spec.Paused != test.paused || ptr.Deref(got.Spec.Replicas, 1) != test.replicas || got.Annotations[ResumeAfter] != test.note {
				t.Errorf("paused %t, %d replicas, noted %q", got.Spec.Paused, *got.Spec.Replicas, got.Annotations[ResumeAfter])
			}
			if got.Annotations[Serves] != "name=nginx,version=1.10" {
				t.Errorf("serves %q", got.Annotations[Serves])
			}
			if warned := len(answer.Warnings) > 0; warned != test.warned {
				t.Errorf("warnings %q", answer.Warnings)
			}
			again := AdmitDeployment(DeploymentWrite{Old: test.old, New: got, Services: services}).Deployment
			if again.Spec.Paused != got.Spec.Paused || *again.Spec.Replicas != *got.Spec.Replicas {
				t.Errorf("admitted again: paused %t, %d replicas", again.Spec.Paused, *again.Spec.Replicas)
			}
		})
	}
}

func deletedSlot(d *appsv1.Deployment) {
	note := d.Annotations
	kept(d)
	d.Annotations = note
}

// TestNotesAreBluegreensOwn: every kubectl replace leaves them out, and somebody may forge them.
func TestNotesAreBluegreensOwn(t *testing.T) {
	bare := slot()
	bare.Annotations = pairs("theirs", "a")
	forged := slot(noting(Serves, "name=apache"), noting(ScaleToZeroAfter, "nginx/3/3"), noting(ResumeAfter, "3/3/0"))
	for name, written := range map[string]*appsv1.Deployment{"left out": bare, "forged": forged} {
		got := AdmitDeployment(DeploymentWrite{Old: slot(), New: written, Services: []*corev1.Service{managed()}}).Deployment
		if got.Annotations[Serves] != "name=nginx,version=1.10" || got.Annotations[ScaleToZeroAfter] != "" || got.Annotations[ResumeAfter] != "" {
			t.Errorf("%s: %v", name, got.Annotations)
		}
	}
}

func TestWhatComesNextForADeploymentThatIsKept(t *testing.T) {
	left := managed(asks("1.11"), selects("name", "nginx", "version", "1.11"))
	asked := managed(asks("1.12"))
	moved := managed(asks("1.12"), selects("name", "nginx", "version", "1.12"))
	other := deployment("1.12", named("nginx-green"))
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		beside     *appsv1.Deployment
		want       Step
	}{
		"serves":                          {slot(), managed(), nil, StepNone},
		"left":                            {slot(), left, nil, StepLetGo},
		"held, and serves":                {heldSlot(), managed(), nil, StepNone},
		"held, and serves under deletion": {heldSlot(deletedSlot), managed(), nil, StepNone},
		"held, and left":                  {heldSlot(), left, nil, StepLetGo},
		"held, and left for another of its labels": {heldSlot(), moved, other, StepResume},
		"held, left, and under deletion":           {heldSlot(deletedSlot), moved, other, StepLetGo},
		"held, and alone what is asked for":        {heldSlot(), asked, nil, StepRoll},
		"held, another can become ready":           {heldSlot(), asked, other, StepNone},
		"held, alone, but it is to have none":      {heldSlot(noting(ResumeAfter, "3/3/0")), asked, nil, StepNone},
		"held, alone, but it is being deleted":     {heldSlot(deletedSlot), asked, nil, StepNone},
		"a note of another Deployment's":           {heldSlot(noting(ResumeAfter, "9/3/2")), left, nil, StepLetGo},
		"protection is not wanted":                 {heldSlot(), managed(annotation(InUseProtection, "disabled")), nil, StepLetGo},
	} {
		t.Run(name, func(t *testing.T) {
			beside := list(test.deployment)
			if test.beside != nil {
				beside = append(beside, test.beside)
			}
			if got := NextStep(test.deployment, []*corev1.Service{test.service}, beside, true); got != test.want {
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
		"asked for":                         {heldSlot(), waiting(), 2, true},
		"to none":                           {heldSlot(noting(ResumeAfter, "3/3/0")), waiting(), 0, true},
		"as many as there are":              {heldSlot(noting(ResumeAfter, "3/3/3")), waiting(), 3, false},
		"somebody scaled it since":          {heldSlot(replicas(7)), waiting(), 2, false},
		"done":                              {heldSlot(replicas(2)), waiting(), 2, false},
		"to none, and its version is asked": {heldSlot(noting(ResumeAfter, "3/3/0")), managed(asks("1.12")), 0, false},
		"to some, and its version is asked": {heldSlot(), managed(asks("1.12")), 2, true},
	} {
		if got, due := ReplicasDue(test.deployment, []*corev1.Service{test.service}); due != test.due || due && got != test.want {
			t.Errorf("%s: %d, %t", name, got, due)
		}
	}
}

func TestNewLabelsOfWhatServesAreToldWhereNothingIsAskedFor(t *testing.T) {
	const told = "Deployment nginx-blue: serves name=nginx,version=1.10, and its new pod labels would take its pods out of the Service, " +
		"so its rollout is paused: put the labels back"
	action := Decide(Observe(managed(), list(heldSlot())))
	if want := told + ", or ask for bluegreen/target-version=1.12"; action.Reason != ReasonLiveRelabelled || action.Message != want || !action.Warning {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	action = Decide(Observe(managed(), list(heldSlot(labelled("name", "apache", "version", "1.10")))))
	if action.Message != told {
		t.Errorf("got %s", action.Message)
	}
	action = Decide(Observe(waiting(), list(heldSlot(), deployment("1.11", starting))))
	if action.Reason != ReasonNotAvailable || strings.Contains(action.Message, "paused") {
		t.Errorf("while a switch waits it is as it should be: %s", action.Message)
	}
}

// TestAHeldSlotIsTheTargetOnlyWhereThereIsNoOther: its pods of the target come after traffic has moved.
func TestAHeldSlotIsTheTargetOnlyWhereThereIsNoOther(t *testing.T) {
	asked := managed(asks("1.12"))
	if action := Decide(Observe(asked, list(heldSlot(), deployment("1.12", named("nginx-green"))))); action.Reason != ReasonSwitched {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	if action := Decide(Observe(asked, list(heldSlot()))); action.Reason != ReasonNotAvailable {
		t.Errorf("alone: got %s: %s", action.Reason, action.Message)
	}
}

func TestWhatIsBeingDeletedCanBeSwitchedBackToWhileItIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		target *appsv1.Deployment
		reason Reason
	}{
		"kept":                    {deployment("1.11", kept), ReasonSwitched},
		"kept, and not available": {deployment("1.11", kept, starting), ReasonDeploymentDeleting},
		"kept by somebody else":   {deployment("1.11", deleting), ReasonDeploymentDeleting},
	} {
		if action := Decide(Observe(waiting(), list(deployment("1.10"), test.target))); action.Reason != test.reason {
			t.Errorf("%s: got %s: %s", name, action.Reason, action.Message)
		}
	}
}
