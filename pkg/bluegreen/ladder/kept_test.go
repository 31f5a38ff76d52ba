package ladder

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWhatServesIsProtectedAndATargetBeforeTrafficMoves(t *testing.T) {
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		want        []string
	}{
		"at rest":                 {Managed(), List(Deployment("1.10"), Deployment("1.11")), []string{"nginx-1.10"}},
		"at rest, done":           {Managed(), List(Deployment("1.10", Protected)), nil},
		"held":                    {Waiting(), List(Deployment("1.10"), Deployment("1.11", Starting)), []string{"nginx-1.10", "nginx-1.11"}},
		"about to move":           {Waiting(), List(Deployment("1.10", Protected), Deployment("1.11")), []string{"nginx-1.11"}},
		"a bad ask":               {Managed(Asks("?")), List(Deployment("1.10")), []string{"nginx-1.10"}},
		"too late":                {Managed(), List(Deployment("1.10", Deleting)), nil},
		"not wanted":              {Managed(Annotation(bluegreen.InUseProtection, "disabled")), List(Deployment("1.10")), nil},
		"not wanted, and moves":   {Waiting(Annotation(bluegreen.InUseProtection, "disabled")), List(Deployment("1.11")), nil},
		"not managed":             {Service(), List(Deployment("1.10")), nil},
		"the note is missing":     {Managed(), List(Deployment("1.10", Protected, func(d *appsv1.Deployment) { d.Annotations = nil })), []string{"nginx-1.10"}},
		"every one that is to go": {Waiting(), List(Deployment("1.11"), Deployment("1.11", Named("more"))), []string{"more", "nginx-1.11"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, each := range decide(test.service, test.deployments).Protect {
				got = append(got, each.Deployment.Name)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTroubleOfWhatServesIsTold(t *testing.T) {
	const (
		frozen = "Deployment nginx-1.10: serves and is being deleted: its pods are kept, and its spec is frozen, until traffic moves; ask for another version to let it go, " +
			"or take its pods over: kubectl delete deployment nginx-1.10 -n shop --cascade=orphan --wait=false, and apply its manifest again"
		empty = "Deployment nginx-1.10: serves and has 0 replicas: scale it up, or ask for another version"
	)
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		reason      bluegreen.Reason
		phase       bluegreen.Phase
		message     string
	}{
		"kept, at rest":      {Managed(), List(Deployment("1.10", Kept)), bluegreen.ReasonLiveDeleting, bluegreen.Stable, frozen},
		"kept, while held":   {Waiting(), List(Deployment("1.10", Kept), Deployment("1.11", Starting)), bluegreen.ReasonNotAvailable, bluegreen.Waiting, notYet + "; " + frozen},
		"deleted by another": {Managed(), List(Deployment("1.10", Deleting)), bluegreen.ReasonStable, bluegreen.Stable, ""},
		"scaled to 0":        {Managed(), List(Deployment("1.10", Replicas(0))), bluegreen.ReasonLiveScaledToZero, bluegreen.Stable, empty},
		"one of two at 0":    {Managed(), List(Deployment("1.10", Replicas(0)), Deployment("1.10", Named("more"))), bluegreen.ReasonStable, bluegreen.Stable, ""},
		"moving ends it":     {Waiting(), List(Deployment("1.10", Kept), Deployment("1.11")), bluegreen.ReasonSwitched, bluegreen.Stable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(test.service, test.deployments)
			if action.Reason != test.reason {
				t.Errorf("reason %s", action.Reason)
			}
			if got := bluegreen.OwnAnnotations(action.Service); got[bluegreen.PhaseKey] != string(test.phase) || got[bluegreen.MessageKey] != test.message {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestNewLabelsOfWhatServesAreToldWhereNothingIsAskedFor(t *testing.T) {
	const told = "Deployment nginx-blue: serves name=nginx,version=1.10, and its new pod labels would take its pods out of the Service, " +
		"so its rollout is paused: put the labels back"
	action := decide(Managed(), List(HeldSlot()))
	if want := told + ", or ask for bluegreen/target-version=1.12"; action.Reason != bluegreen.ReasonLiveRelabelled || action.Message != want || !action.Warning {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	action = decide(Managed(), List(HeldSlot(Labelled("name", "apache", "version", "1.10"))))
	if action.Message != told {
		t.Errorf("got %s", action.Message)
	}
	action = decide(Waiting(), List(HeldSlot(), Deployment("1.11", Starting)))
	if action.Reason != bluegreen.ReasonNotAvailable || strings.Contains(action.Message, "paused") {
		t.Errorf("while a switch waits it is as it should be: %s", action.Message)
	}
}

// TestAHeldSlotIsTheTargetOnlyWhereThereIsNoOther: its pods of the target come after traffic has moved.
func TestAHeldSlotIsTheTargetOnlyWhereThereIsNoOther(t *testing.T) {
	asked := Managed(Asks("1.12"))
	if action := decide(asked, List(HeldSlot(), Deployment("1.12", Named("nginx-green")))); action.Reason != bluegreen.ReasonSwitched {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	if action := decide(asked, List(HeldSlot())); action.Reason != bluegreen.ReasonNotAvailable {
		t.Errorf("alone: got %s: %s", action.Reason, action.Message)
	}
}

func TestWhatIsBeingDeletedCanBeSwitchedBackToWhileItIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		target *appsv1.Deployment
		reason bluegreen.Reason
	}{
		"kept":                    {Deployment("1.11", Kept), bluegreen.ReasonSwitched},
		"kept, and not available": {Deployment("1.11", Kept, Starting), bluegreen.ReasonDeploymentDeleting},
		"kept by somebody else":   {Deployment("1.11", Deleting), bluegreen.ReasonDeploymentDeleting},
	} {
		if action := decide(Waiting(), List(Deployment("1.10"), test.target)); action.Reason != test.reason {
			t.Errorf("%s: got %s: %s", name, action.Reason, action.Message)
		}
	}
}

func TestASwitchBackToASlotThatWasRelabelledSaysWhatToDo(t *testing.T) {
	back := Managed(Asks("1.10"), Selects("name", "nginx", "version", "1.11"))
	action := decide(back, List(HeldSlot(), Deployment("1.11")))
	const want = "Deployment nginx-blue: its pods are of version 1.10, but its new pod labels are not: put the labels back, or ask for another version"
	if action.Message != want {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
}

// TestARolloutInPlaceIsNotedAnewOnceTrafficHasMoved: until then the Deployment serves by its note.
func TestARolloutInPlaceIsNotedAnewOnceTrafficHasMoved(t *testing.T) {
	rolls := Slot(Version("1.12"))
	if action := decide(Managed(Asks("1.12")), List(rolls)); len(action.Protect) != 0 {
		t.Errorf("noted too early: %v", action.Protect)
	}
	on := Managed(Asks("1.12"), Selects("name", "nginx", "version", "1.12"))
	if action := decide(on, List(rolls)); len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.12" {
		t.Errorf("got %v", action.Protect)
	}
}

// TestWhatIsWaitedForIsNotNotedBeforeItServes: until then its labels are its owner's to change.
func TestWhatIsWaitedForIsNotNotedBeforeItServes(t *testing.T) {
	action := decide(Waiting(), List(Slot(), Deployment("1.11", Starting)))
	if len(action.Protect) != 1 || action.Protect[0].Deployment.Name != "nginx-1.11" || action.Protect[0].Serves != "" {
		t.Errorf("got %v", action.Protect)
	}
	unnoted := func(d *appsv1.Deployment) { d.Finalizers, d.Annotations = []string{bluegreen.InUseProtection}, nil }
	waitedFor, corrected := Deployment("1.11", unnoted), Deployment("1.11", unnoted, Version("1.12"))
	if got := admitDeployment(deploymentWrite{Old: waitedFor, New: corrected, Services: []*corev1.Service{Waiting()}}).Deployment; got.Spec.Paused {
		t.Error("what never served is held")
	}
	ready := Deployment("1.11", unnoted)
	if action := decide(Waiting(), List(Slot(), ready)); len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.11" {
		t.Errorf("as traffic moves: %v", action.Protect)
	}
}

// TestWhatTrafficMovesToIsNotedWhateverItsNoteSaid: its gate has counted the pods.
func TestWhatTrafficMovesToIsNotedWhateverItsNoteSaid(t *testing.T) {
	for name, option := range map[string]DeploymentOption{
		"in the middle of a rollout in place": func(*appsv1.Deployment) {},
		"paused there by its owner":           Paused,
		"deleted there":                       DeletedSlot,
	} {
		rolls := Slot(Version("1.11"), RollingOut, option)
		action := decide(Managed(Asks("1.11")), List(rolls))
		if action.Reason != bluegreen.ReasonSwitched || len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.11" {
			t.Errorf("%s: %s: %s, %v", name, action.Reason, action.Message, action.Protect)
		}
	}
}

// TestAnotherServiceLeavesTheNoteOfTheFirst while a rollout in place is under way.
func TestAnotherServiceLeavesTheNoteOfTheFirst(t *testing.T) {
	rolls := Slot(Labelled("name", "nginx", "version", "1.11", "track", "stable"))
	another := Managed(Selects("name", "nginx", "track", "stable"), Annotation(bluegreen.VersionLabel, "track"), Asks("stable"))
	action := decide(another, List(rolls))
	if len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,track=stable,version=1.10" {
		t.Errorf("got %v", action.Protect)
	}
}
