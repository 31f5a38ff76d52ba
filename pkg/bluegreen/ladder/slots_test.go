package ladder

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestTwoDeploymentsOfAVersionRollInPlaceTogether: spot and on-demand, say. The first to roll is not the other's alternative.
func TestTwoDeploymentsOfAVersionRollInPlaceTogether(t *testing.T) {
	asked := Managed(Asks("1.12"))
	services := []*corev1.Service{asked}
	first, second := HeldSlot(Named("nginx-spot"), Noting(bluegreen.ResumeAfter, "3/3/3")), HeldSlot(Named("nginx-ondemand"), Noting(bluegreen.ResumeAfter, "3/3/3"))
	rolls := Slot(Named("nginx-spot"), Version("1.12"))
	for _, beside := range []*appsv1.Deployment{first, rolls} {
		if got := next(second, services, List(beside, second)); got != inuse.StepRoll {
			t.Errorf("got %s", got)
		}
		rolls.Status.UpdatedReplicas = 3
		if action := decide(asked, List(beside, second)); action.Reason != bluegreen.ReasonNotAvailable {
			t.Errorf("got %s: %s", action.Reason, action.Message)
		}
	}
	image := rolls.DeepCopy()
	image.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:1.12.1"}}
	if got := admitDeployment(deploymentWrite{Old: rolls, New: image, Services: services}).Deployment; got.Spec.Paused {
		t.Error("another write of the same labels pauses a rollout that is under way")
	}
}

// TestALiveSlotThatCameWithNoneIsNotRolledUnasked: a chart may be about to write the other slot.
func TestALiveSlotThatCameWithNoneIsNotRolledUnasked(t *testing.T) {
	asked := Managed(Asks("1.12"))
	held := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"))
	action := decide(asked, List(held))
	if action.Reason != bluegreen.ReasonLiveRelabelled || !strings.Contains(action.Message, "--replicas=N (another number than 3)") {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	if got := next(held, []*corev1.Service{asked}, List(held)); got != inuse.StepNone {
		t.Errorf("got %s", got)
	}
	scaled := HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0"), Replicas(4))
	if got := next(scaled, []*corev1.Service{asked}, List(scaled)); got != inuse.StepRoll {
		t.Errorf("scaled: got %s", got)
	}
}

func TestEveryWarningAboutASelectorThatIsNoAskEndsInACommandThatSwitches(t *testing.T) {
	answer := admit(serviceWrite{Old: Managed(), New: Managed(Selects("name", "nginx", "version", "1.11"))})
	words := strings.Fields(answer.Warnings[0])
	command := words[slices.Index(words, "kubectl"):]
	want := []string{"kubectl", "annotate", "service", "nginx", "-n", "shop", "bluegreen/target-version=1.11", "--overwrite"}
	if !slices.Equal(command, want) {
		t.Fatalf("got %q", command)
	}
	key, version, _ := strings.Cut(command[6], "=")
	after := admit(serviceWrite{Old: Managed(), New: Managed(Annotation(key, version))}).Service
	action := decide(after, []*appsv1.Deployment{Deployment("1.11")})
	EqualMaps(t, "selector", action.Service.Spec.Selector, Pairs("name", "nginx", "version", "1.11"))
}

func TestPlainlySpelledManifestsAllThreeReachTheSameCluster(t *testing.T) {
	manifests := map[string]ServiceOption{
		"both places":     Selects("name", "nginx", "version", "1.11"),
		"annotation only": Selects("name", "nginx", "version", "1.10"),
		"no version key":  Selects("name", "nginx"),
	}
	for name, manifest := range manifests {
		t.Run(name, func(t *testing.T) {
			stored := admit(serviceWrite{Old: Managed(), New: Managed(Asks("1.11"), manifest)}).Service
			action := decide(stored, []*appsv1.Deployment{Deployment("1.11")})
			switched := admit(serviceWrite{Old: stored, New: action.Service, ByController: true}).Service
			again := admit(serviceWrite{Old: switched, New: Service(Asks("1.11"), manifest, Annotation(bluegreen.PhaseKey, "Stable"))}).Service
			EqualMaps(t, "selector", again.Spec.Selector, Pairs("name", "nginx", "version", "1.11"))
			EqualMaps(t, "annotations", again.Annotations, StableOn("1.11"))
			if !maps.Equal(switched.Annotations, again.Annotations) {
				t.Error("applying it again is no no-op")
			}
		})
	}
}
