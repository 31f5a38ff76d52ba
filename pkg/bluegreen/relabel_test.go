package bluegreen

import (
	"reflect"
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
			// The API server asks again where another webhook has changed the write.
			again := AdmitDeployment(DeploymentWrite{Old: test.old, New: got, Services: services}).Deployment
			if !reflect.DeepEqual(again, got) {
				t.Errorf("admitted again: %+v, was %+v", again, got)
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
		"to none":                           {heldSlot(noting(ResumeAfter, "3/3/0")), onGreen(), 0, true},
		"to none, and it serves":            {heldSlot(noting(ResumeAfter, "3/3/0")), waiting(), 0, false},
		"as many as there are":              {heldSlot(noting(ResumeAfter, "3/3/3")), waiting(), 3, false},
		"somebody scaled it since":          {heldSlot(replicas(7)), waiting(), 2, false},
		"done":                              {heldSlot(replicas(2)), waiting(), 2, false},
		"to none, and its version is asked": {heldSlot(noting(ResumeAfter, "3/3/0")), managed(asks("1.12")), 0, false},
		"to some, and its version is asked": {heldSlot(), managed(asks("1.12")), 2, true},
	} {
		if got, due := ReplicasDue(test.deployment, []*corev1.Service{test.service}, nil); due != test.due || due && got != test.want {
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

// onGreen is the Service once traffic has moved to version 1.11.
func onGreen(options ...serviceOption) *corev1.Service {
	return managed(append([]serviceOption{asks("1.11"), selects("name", "nginx", "version", "1.11")}, options...)...)
}

// TestAHoldInOneWriteSurvivesAnotherCallForIt: the API server asks again where another webhook has changed the write.
func TestAHoldInOneWriteSurvivesAnotherCallForIt(t *testing.T) {
	services := []*corev1.Service{waiting()}
	for name, written := range map[string]*appsv1.Deployment{
		"relabelled, to none": slot(version("1.12"), replicas(0)),
		"relabelled":          slot(version("1.12")),
		"scaled to 0":         slot(replicas(0)),
	} {
		first := AdmitDeployment(DeploymentWrite{Old: slot(), New: written, Services: services}).Deployment
		second := AdmitDeployment(DeploymentWrite{Old: slot(), New: first, Services: services}).Deployment
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%s: %+v, was %+v", name, second, first)
		}
	}
}

// TestPutRightPastTheWebhookNothingThatServesGoesToNone: the note of the mistake is still there.
func TestPutRightPastTheWebhookNothingThatServesGoesToNone(t *testing.T) {
	right := slot(paused, noting(ResumeAfter, "3/3/0"))
	services := []*corev1.Service{managed()}
	if step := NextStep(right, services, list(right), true); step != StepResume {
		t.Errorf("next is %s", step)
	}
	if count, due := ReplicasDue(right, services, list(right)); due {
		t.Errorf("goes to %d", count)
	}

	left := onGreen()
	another := managed(selects("name", "nginx", "track", "stable"), annotation(VersionLabel, "track"), asks("stable"))
	another.Name = "another"
	shared := slot(labelled("name", "nginx", "version", "1.12", "track", "stable"), paused, noting(ResumeAfter, "3/3/0"),
		noting(Serves, "name=nginx,track=stable,version=1.10"))
	if count, due := ReplicasDue(shared, []*corev1.Service{left, another}, list(shared)); due {
		t.Errorf("goes to %d while another Service uses it", count)
	}
}

// TestTwoDeploymentsOfAVersionRollInPlaceTogether: spot and on-demand, say. The first to roll is not the other's alternative.
func TestTwoDeploymentsOfAVersionRollInPlaceTogether(t *testing.T) {
	asked := managed(asks("1.12"))
	services := []*corev1.Service{asked}
	first, second := heldSlot(named("nginx-spot"), noting(ResumeAfter, "3/3/3")), heldSlot(named("nginx-ondemand"), noting(ResumeAfter, "3/3/3"))
	rolls := slot(named("nginx-spot"), version("1.12"))
	for _, beside := range []*appsv1.Deployment{first, rolls} {
		if got := HeldRolloutOf(second, services, list(beside, second)); got != RolloutInPlace {
			t.Errorf("got %s", got)
		}
		rolls.Status.UpdatedReplicas = 3
		if action := Decide(Observe(asked, list(beside, second))); action.Reason != ReasonNotAvailable {
			t.Errorf("got %s: %s", action.Reason, action.Message)
		}
	}
	image := rolls.DeepCopy()
	image.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:1.12.1"}}
	if got := AdmitDeployment(DeploymentWrite{Old: rolls, New: image, Services: services}).Deployment; got.Spec.Paused {
		t.Error("another write of the same labels pauses a rollout that is under way")
	}
}

// TestARolloutInPlaceIsNotedAnewOnceTrafficHasMoved: until then the Deployment serves by its note.
func TestARolloutInPlaceIsNotedAnewOnceTrafficHasMoved(t *testing.T) {
	rolls := slot(version("1.12"))
	if action := Decide(Observe(managed(asks("1.12")), list(rolls))); len(action.Protect) != 0 {
		t.Errorf("noted too early: %v", action.Protect)
	}
	on := managed(asks("1.12"), selects("name", "nginx", "version", "1.12"))
	if action := Decide(Observe(on, list(rolls))); len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.12" {
		t.Errorf("got %v", action.Protect)
	}
}

// TestWhatIsWaitedForIsNotNotedBeforeItServes: until then its labels are its owner's to change.
func TestWhatIsWaitedForIsNotNotedBeforeItServes(t *testing.T) {
	action := Decide(Observe(waiting(), list(slot(), deployment("1.11", starting))))
	if len(action.Protect) != 1 || action.Protect[0].Deployment.Name != "nginx-1.11" || action.Protect[0].Serves != "" {
		t.Errorf("got %v", action.Protect)
	}
	unnoted := func(d *appsv1.Deployment) { d.Finalizers, d.Annotations = []string{InUseProtection}, nil }
	waitedFor, corrected := deployment("1.11", unnoted), deployment("1.11", unnoted, version("1.12"))
	if got := AdmitDeployment(DeploymentWrite{Old: waitedFor, New: corrected, Services: []*corev1.Service{waiting()}}).Deployment; got.Spec.Paused {
		t.Error("what never served is held")
	}
	ready := deployment("1.11", unnoted)
	if action := Decide(Observe(waiting(), list(slot(), ready))); len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.11" {
		t.Errorf("as traffic moves: %v", action.Protect)
	}
}

// TestWhatTrafficMovesToIsNotedWhateverItsNoteSaid: its gate has counted the pods.
func TestWhatTrafficMovesToIsNotedWhateverItsNoteSaid(t *testing.T) {
	for name, option := range map[string]deploymentOption{
		"in the middle of a rollout in place": func(*appsv1.Deployment) {},
		"paused there by its owner":           paused,
		"deleted there":                       deletedSlot,
	} {
		rolls := slot(version("1.11"), rollingOut, option)
		action := Decide(Observe(managed(asks("1.11")), list(rolls)))
		if action.Reason != ReasonSwitched || len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.11" {
			t.Errorf("%s: %s: %s, %v", name, action.Reason, action.Message, action.Protect)
		}
	}
}

// rollingOut has 3 pods of the new template and one of the old.
func rollingOut(d *appsv1.Deployment) {
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
	d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 4, 3, 4
}

// TestAnotherServiceLeavesTheNoteOfTheFirst while a rollout in place is under way.
func TestAnotherServiceLeavesTheNoteOfTheFirst(t *testing.T) {
	rolls := slot(labelled("name", "nginx", "version", "1.11", "track", "stable"))
	another := managed(selects("name", "nginx", "track", "stable"), annotation(VersionLabel, "track"), asks("stable"))
	action := Decide(Observe(another, list(rolls)))
	if len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,track=stable,version=1.10" {
		t.Errorf("got %v", action.Protect)
	}
}

// TestASlotGoesToNoneWhereAnotherServesItsVersion: a chart with one version for both slots.
func TestASlotGoesToNoneWhereAnotherServesItsVersion(t *testing.T) {
	blue := heldSlot(noting(ResumeAfter, "3/3/0"))
	on := managed(asks("1.12"), selects("name", "nginx", "version", "1.12"))
	if count, due := ReplicasDue(blue, []*corev1.Service{on}, list(blue, deployment("1.12", named("nginx-green")))); !due || count != 0 {
		t.Errorf("got %d, %t", count, due)
	}
}

// TestASlotThatRollsForAServiceThatWaitsIsNotNoted: it does not serve.
func TestASlotThatRollsForAServiceThatWaitsIsNotNoted(t *testing.T) {
	waits := managed(asks("1.12"), selects("name", "nginx", "version", "1.11"))
	if got := Renoted(heldSlot(), []*corev1.Service{waits}); got != "" {
		t.Errorf("got %q", got)
	}
	if got := Renoted(heldSlot(), []*corev1.Service{managed(selects("name", "nginx"))}); got != "name=nginx" {
		t.Errorf("of what selects it before and after: %q", got)
	}
}

func TestAServiceIsNotGivenBackWhileItsLiveSlotIsHeld(t *testing.T) {
	for name, option := range map[string]serviceOption{"released": lacks(TargetVersion), "disabled": annotation(InUseProtection, "disabled")} {
		after := managed()
		option(after)
		answer := Admit(Write{Old: managed(), New: after, Deployments: list(heldSlot())})
		if len(answer.Errors) != 1 || !strings.Contains(answer.Errors[0].Error(), "Deployment nginx-blue serves, and its new pod labels take its pods out") {
			t.Errorf("%s: %v", name, answer.Errors)
		}
	}
}

// TestALiveSlotThatCameWithNoneIsNotRolledUnasked: a chart may be about to write the other slot.
func TestALiveSlotThatCameWithNoneIsNotRolledUnasked(t *testing.T) {
	asked := managed(asks("1.12"))
	held := heldSlot(noting(ResumeAfter, "3/3/0"))
	action := Decide(Observe(asked, list(held)))
	if action.Reason != ReasonLiveRelabelled || !strings.Contains(action.Message, "--replicas=N (another number than 3)") {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	if got := HeldRolloutOf(held, []*corev1.Service{asked}, list(held)); got != RolloutPending {
		t.Errorf("got %s", got)
	}
	scaled := heldSlot(noting(ResumeAfter, "3/3/0"), replicas(4))
	if got := HeldRolloutOf(scaled, []*corev1.Service{asked}, list(scaled)); got != RolloutInPlace {
		t.Errorf("scaled: got %s", got)
	}
}

func TestASwitchBackToASlotThatWasRelabelledSaysWhatToDo(t *testing.T) {
	back := managed(asks("1.10"), selects("name", "nginx", "version", "1.11"))
	action := Decide(Observe(back, list(heldSlot(), deployment("1.11"))))
	const want = "Deployment nginx-blue: its pods are of version 1.10, but its new pod labels are not: put the labels back, or ask for another version"
	if action.Message != want {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
}
