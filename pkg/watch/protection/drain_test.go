package protection

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestADeploymentThatTrafficHasJustLeftDrains for its minute.
func TestADeploymentThatTrafficHasJustLeftDrains(t *testing.T) {
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		seen       []traffic
		paused     bool
	}{
		"before a restart: the slot is asked for again by its new labels": {
			deployment: HeldSlot(),
			service:    Switching{From: Green, To: "1.12"}.Service(),
			paused:     true,
		},
		"for the version that its template names, in another Deployment": {
			deployment: HeldSlot(),
			service:    OnVersion("1.12"),
			seen:       []traffic{{before: Switching{From: Blue, To: "1.12"}.Service(), after: OnVersion("1.12")}},
			paused:     true,
		},
		"before a restart, after which it was asked for again, and is not any more": {
			deployment: Changed(InUse(Blue), func(d *appsv1.Deployment) {
				d.Annotations = map[string]string{bluegreen.Serves: NoteServing(Blue)}
			}),
			service: OnVersion(Green),
			seen:    []traffic{{before: Switching{From: Green, To: Blue}.Service(), after: OnVersion(Green)}},
		},
		"before a restart, after which another Service that had traffic there is given back": {
			deployment: Changed(InUse(Blue), func(d *appsv1.Deployment) {
				d.Annotations = map[string]string{bluegreen.Serves: NoteServing(Blue)}
			}),
			service: OnVersion(Green),
			seen:    []traffic{{before: alsoOn(Blue), after: Changed(alsoOn(Blue), isPlain)}},
		},
		"of a Service that names another version label meanwhile": {
			deployment: Changed(InUse(Blue), func(d *appsv1.Deployment) {
				d.Annotations = map[string]string{bluegreen.Serves: NoteServing(Blue)}
			}),
			service: Changed(OnVersion(Green), func(s *corev1.Service) { s.Annotations[bluegreen.VersionLabel] = "track" }),
			seen:    []traffic{{before: OnVersion(Blue), after: OnVersion(Green)}},
		},
		"again, and the Deployment's event is handled before the Service's": {
			deployment: Deleted(Changed(InUse(Blue), func(d *appsv1.Deployment) {
				d.Annotations = map[string]string{bluegreen.Serves: NoteServing(Blue)}
			})),
			service: OnVersion("1.12"),
			seen: []traffic{
				{before: OnVersion(Blue), after: OnVersion(Green)},
				{before: OnVersion(Green), after: OnVersion(Blue)},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, test.deployment, test.service)
			protection := newProtection(server, enabled)
			for _, change := range test.seen {
				sees(protection, server.Stored(test.deployment), change)
			}
			lookAgain, err := reconcileDeployment(t, protection, server.Stored(test.deployment))
			if err != nil || lookAgain < 59*time.Second {
				t.Errorf("looked at again after %v, %v", lookAgain, err)
			}
			if after := server.Stored(test.deployment); after.Spec.Paused != test.paused {
				t.Errorf("paused: %t", after.Spec.Paused)
			}
		})
	}
}

// alsoOn is another Service of the same pods, on a version.
func alsoOn(version string) *corev1.Service {
	return Changed(OnVersion(version), func(s *corev1.Service) { s.Name = "nginx-too" })
}

// TestADeploymentThatIsLiveHasBeenLeftByNobody: what was remembered of it is over.
func TestADeploymentThatIsLiveHasBeenLeftByNobody(t *testing.T) {
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		protection func(*APIServer, *appsv1.Deployment) *Controller
	}{
		"it waited for other slots in an earlier hold, which was put right": {
			deployment: Changed(HeldSlot(), func(slot *appsv1.Deployment) {
				slot.Spec.Template.Labels["version"] = Blue
				slot.Spec.Paused = false
				delete(slot.Annotations, bluegreen.ResumeAfter)
			}),
			service: OnVersion(Blue),
			protection: func(server *APIServer, deployment *appsv1.Deployment) *Controller {
				protection := newProtection(server, enabled)
				waitsForOtherSlots(protection, deployment)
				return protection
			},
		},
		"it drained before, and the event of the Service met an older note": {
			deployment: Changed(InUse(Green), func(d *appsv1.Deployment) {
				d.Annotations = map[string]string{bluegreen.Serves: NoteServing(Green)}
			}),
			service: OnVersion(Green),
			protection: func(server *APIServer, _ *appsv1.Deployment) *Controller {
				return drainedProtection(server, enabled)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, test.deployment, test.service)
			protection := test.protection(server, test.deployment)
			if _, err := reconcileDeployment(t, protection, server.Stored(test.deployment)); err != nil {
				t.Fatal(err)
			}
			if since, left := leftSince(protection, test.deployment); left {
				t.Errorf("remembered as left: %v", since)
			}
		})
	}
}
