package ladder

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestAHeldSlotIsTheTargetOnlyWhereThereIsNoOther: its pods of the target come after traffic has moved.
func TestAHeldSlotIsTheTargetOnlyWhereThereIsNoOther(t *testing.T) {
	asked := Managed(Asks("1.12"))
	expectReason(t, decide(asked, HeldSlot(), Deployment("1.12", Named("nginx-green"))), ReasonSwitched)
	if action := decide(asked, HeldSlot()); action.Reason != ReasonNotAvailable {
		t.Errorf("alone: got %s: %s", action.Reason, action.Message)
	}
}

func TestWhatIsBeingDeletedCanBeSwitchedBackToWhileItIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		target *appsv1.Deployment
		reason Reason
	}{
		"kept":                    {target: Deployment("1.11", Kept), reason: ReasonSwitched},
		"kept, and not available": {target: Deployment("1.11", Kept, Starting), reason: ReasonDeploymentDeleting},
		"kept by somebody else":   {target: Deployment("1.11", Deleting), reason: ReasonDeploymentDeleting},
	} {
		if action := decide(Waiting(), Deployment("1.10"), test.target); action.Reason != test.reason {
			t.Errorf("%s: got %s: %s", name, action.Reason, action.Message)
		}
	}
}

// TestTwoDeploymentsOfAVersionRollInPlaceTogether: spot and on-demand, say. The first to roll is not the other's alternative.
func TestTwoDeploymentsOfAVersionRollInPlaceTogether(t *testing.T) {
	asked := Managed(Asks("1.12"))
	first := HeldSlot(Named("nginx-spot"), Noting(bluegreen.ResumeAfter, "3/3/3"))
	second := HeldSlot(Named("nginx-ondemand"), Noting(bluegreen.ResumeAfter, "3/3/3"))
	rolls := Slot(Named("nginx-spot"), Version("1.12"), Rolled(3, 3, 3))
	for _, beside := range List(first, rolls) {
		expectReason(t, decide(asked, beside, second), ReasonNotAvailable)
	}
}

// TestALiveSlotThatCameWithNoneIsNotRolledUnasked: a chart may be about to write the other slot.
func TestALiveSlotThatCameWithNoneIsNotRolledUnasked(t *testing.T) {
	asked := Managed(Asks("1.12"))
	held := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"))
	action := decide(asked, held)
	if action.Reason != ReasonLiveRelabelled || !strings.Contains(action.Message, "--replicas=N (another number than 3)") {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
}

func TestASwitchBackToASlotThatWasRelabelledSaysWhatToDo(t *testing.T) {
	back := Managed(Asks("1.10"), SelectsVersion("1.11"))
	action := decide(back, HeldSlot(), Deployment("1.11"))
	const want = "Deployment nginx-blue: its pods are of version 1.10, but its new pod labels are not: " +
		"put the labels back, or ask for another version"
	if action.Message != want {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
}

// TestAHeldSlotIsNotedForThePodsThatItHas: a new follower of another Service goes ungated to the version of the template that waits.
func TestAHeldSlotIsNotedForThePodsThatItHas(t *testing.T) {
	after := walkShop(t, turn{
		happens: all(
			started(HeldSlot(), AdminDeployment("1.12")),
			applied(Service(SelectsVersion("1.10"), Asks("1.10")),
				Service(NamedService("other"), Selects("name", "nginx-admin", "version", "1.12"), Asks("1.12")),
				Service(NamedService("new"), Selects("name", "nginx", "version", ""), Follows("other"))),
		),
		writes: []string{"new Stable 1.12", "nginx Stable 1.10 Deployment nginx-blue: serves name=nginx,version=1.10, and its new pod labels " +
			"would take its pods out of the Service, so its rollout is paused: put the labels back, or ask for bluegreen/target-version=1.12"},
	})
	if got := after.deployments[HeldSlot().Name].Annotations[bluegreen.Serves]; got != "name=nginx,version=1.10" {
		t.Errorf("noted %q", got)
	}
}
