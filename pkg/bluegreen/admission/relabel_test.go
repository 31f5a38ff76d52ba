package admission

import (
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		"the version": {
			old:      Slot(),
			new:      Slot(Version("1.12")),
			paused:   true,
			replicas: 3,
			note:     "3/3/3",
			warned:   true,
		},
		"version and replicas": {
			old:      Slot(),
			new:      Slot(Version("1.12"), Replicas(0)),
			paused:   true,
			replicas: 3,
			note:     "3/3/0",
			warned:   true,
		},
		"version and more replicas": {
			old:      Slot(),
			new:      Slot(Version("1.12"), Replicas(5)),
			paused:   true,
			replicas: 3,
			note:     "3/3/5",
			warned:   true,
		},
		"another label": {
			old:      Slot(),
			new:      Slot(Labelled("name", "apache", "version", "1.10")),
			paused:   true,
			replicas: 3,
			note:     "3/3/3",
			warned:   true,
		},
		"a label that nothing selects by": {
			old:      Slot(),
			new:      Slot(Labelled("name", "nginx", "version", "1.10", "more", "a")),
			replicas: 3,
		},
		"the same again": {
			old:      HeldSlot(),
			new:      HeldSlot(),
			paused:   true,
			replicas: 3,
			note:     "3/3/2",
		},
		"the same again, replicas as written": {
			old:      HeldSlot(),
			new:      HeldSlot(Replicas(2)),
			paused:   true,
			replicas: 3,
			note:     "3/3/2",
		},
		"other replicas": {
			old:      HeldSlot(),
			new:      HeldSlot(Replicas(0)),
			paused:   true,
			replicas: 3,
			note:     "3/3/0",
		},
		"yet another version": {
			old:      HeldSlot(),
			new:      HeldSlot(Version("1.13")),
			paused:   true,
			replicas: 3,
			note:     "3/3/3",
			warned:   true,
		},
		"resumed by hand": {
			old:      HeldSlot(),
			new:      HeldSlot(Resumed),
			paused:   true,
			replicas: 3,
			note:     "3/3/2",
			warned:   true,
		},
		"put right": {
			old:      HeldSlot(),
			new:      HeldSlot(Version("1.10")),
			replicas: 3,
		},
		"put right, and scaled": {
			old:      HeldSlot(),
			new:      HeldSlot(Version("1.10"), Replicas(4)),
			replicas: 4,
		},
		"paused by the user": {
			old:      Slot(),
			new:      Slot(Version("1.12"), Paused),
			paused:   true,
			replicas: 3,
		},
		"the user resumes what the user paused": {
			old:      Slot(Version("1.12"), Paused),
			new:      Slot(Version("1.12")),
			paused:   true,
			replicas: 3,
			note:     "3/3/3",
			warned:   true,
		},
		"under deletion": {
			old:      Slot(DeletedSlot),
			new:      Slot(DeletedSlot, Version("1.12")),
			paused:   true,
			replicas: 3,
			note:     "3/3/3",
			warned:   true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			services := Services(Managed())
			answer := admitDeployment(deploymentWrite{old: test.old, new: test.new, services: services})
			got := answer.Deployment
			if got.Spec.Paused != test.paused {
				t.Errorf("paused: %t", got.Spec.Paused)
			}
			if count := ptr.Deref(got.Spec.Replicas, 1); count != test.replicas {
				t.Errorf("%d replicas", count)
			}
			if note := got.Annotations[bluegreen.ResumeAfter]; note != test.note {
				t.Errorf("noted %q", note)
			}
			if got.Annotations[bluegreen.Serves] != "name=nginx,version=1.10" {
				t.Errorf("serves %q", got.Annotations[bluegreen.Serves])
			}
			if warned := len(answer.Warnings) > 0; warned != test.warned {
				t.Errorf("warnings %q", answer.Warnings)
			}
			// The API server asks again where another webhook has changed the write.
			again := admitDeployment(deploymentWrite{old: test.old, new: got, services: services}).Deployment
			if !reflect.DeepEqual(again, got) {
				t.Errorf("admitted again: %+v, was %+v", again, got)
			}
		})
	}
}

// TestAHoldInOneWriteSurvivesAnotherCallForIt: the API server asks again where another webhook has changed the write.
func TestAHoldInOneWriteSurvivesAnotherCallForIt(t *testing.T) {
	services := Services(Waiting())
	for name, written := range map[string]*appsv1.Deployment{
		"relabelled, to none": Slot(Version("1.12"), Replicas(0)),
		"relabelled":          Slot(Version("1.12")),
		"scaled to 0":         Slot(Replicas(0)),
	} {
		first := admitDeployment(deploymentWrite{old: Slot(), new: written, services: services}).Deployment
		second := admitDeployment(deploymentWrite{old: Slot(), new: first, services: services}).Deployment
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%s: %+v, was %+v", name, second, first)
		}
	}
}

// TestWhatNeverServedIsNotHeld: until a target serves, its labels are its owner's to change.
func TestWhatNeverServedIsNotHeld(t *testing.T) {
	answer := admitDeployment(deploymentWrite{
		old:      Deployment("1.11", Unnoted),
		new:      Deployment("1.11", Unnoted, Version("1.12")),
		services: Services(Waiting()),
	})
	if answer.Deployment.Spec.Paused {
		t.Error("it is held")
	}
}

// TestAnotherWriteOfTheSameLabelsPausesNothing: the rollout in place is under way.
func TestAnotherWriteOfTheSameLabelsPausesNothing(t *testing.T) {
	rolls := Slot(Named("nginx-spot"), Version("1.12"), Rolled(3, 3, 3))
	image := rolls.DeepCopy()
	image.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:1.12.1"}}
	answer := admitDeployment(deploymentWrite{old: rolls, new: image, services: Services(Managed(Asks("1.12")))})
	if answer.Deployment.Spec.Paused {
		t.Error("the rollout is paused")
	}
}

// TestHeldReplicasHaveNoOwner, unless the controller will leave them as they are.
func TestHeldReplicasHaveNoOwner(t *testing.T) {
	const all, rest = `{"f:spec":{"f:paused":{},"f:replicas":{}}}`, `{"f:spec":{"f:paused":{}}}`
	scaled := Updated("hpa", `{"f:spec":{"f:replicas":{}}}`)
	scaled.Subresource = "scale"
	owned := func(d *appsv1.Deployment) {
		d.ManagedFields = Entries(Applied("helm", all), scaled, Updated("kubectl", all))
	}
	before := Slot(owned).ManagedFields
	nobodys := Entries(Applied("helm", rest), Updated("kubectl", rest))
	for name, test := range map[string]struct {
		new  *appsv1.Deployment
		want []metav1.ManagedFieldsEntry
	}{
		"more than it keeps":  {new: Slot(Version("1.12"), Replicas(5), owned), want: nobodys},
		"as many as it keeps": {new: Slot(Version("1.12"), owned), want: before},
		"nothing is held":     {new: Slot(Replicas(5), owned), want: before},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admitDeployment(deploymentWrite{old: Slot(), new: test.new, services: Services(Managed())})
			sameEntries(t, "the Deployment", answer.Deployment.ManagedFields, test.want)
			sameEntries(t, "the write itself", test.new.ManagedFields, before)
		})
	}
}
