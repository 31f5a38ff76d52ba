package protection

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// scaleDownHeld is the note of a scale-down that the Service nginx holds.
const scaleDownHeld = "nginx/" + DeploymentUID + "/3"

// scaledDown is a Deployment of blue in use, with the note of a scale-down.
func scaledDown(note string) *appsv1.Deployment {
	return Changed(InUse(Blue), func(d *appsv1.Deployment) {
		d.Annotations = map[string]string{bluegreen.ScaleToZeroAfter: note}
	})
}

func TestAHeldScaleDownIsDoneOrForgottenByWhatTheAPIServerKnows(t *testing.T) {
	pending := Switching{From: Blue, To: Green}.Service()
	const (
		done = "Normal ScaleDownDone scaled from 3 to 0: traffic of Service nginx has left it"
		kept = "Normal ScaleDownForgotten keeps its replicas (3), and the scale-down to 0 that was held is forgotten: " +
			"Service nginx stays on the Deployment; scale it to 0 again if that is still meant"
	)
	givenBack := strings.Replace(kept, "stays on the Deployment", "was given back", 1)
	byVersionAlone := func(service *corev1.Service) *corev1.Service {
		return Changed(service.DeepCopy(), func(s *corev1.Service) { delete(s.Spec.Selector, "name") })
	}
	for name, test := range map[string]struct {
		cached    *corev1.Service
		stored    *corev1.Service
		replicas  int32
		stillHeld bool
		said      []string
	}{
		"pending": {
			cached:    pending,
			stored:    pending,
			replicas:  3,
			stillHeld: true,
		},
		"moved away": {
			cached:   OnVersion(Green),
			stored:   OnVersion(Green),
			replicas: 0,
			said:     []string{done},
		},
		"moved away, and the cache is ahead": {
			cached:    OnVersion(Green),
			stored:    pending,
			replicas:  3,
			stillHeld: true,
		},
		"given back, which the cache hides": {
			cached:   Nginx(),
			stored:   Nginx(),
			replicas: 3,
			said:     []string{kept},
		},
		"given back, and moved away by hand": {
			cached:   Nginx(),
			stored:   Changed(Nginx(), func(s *corev1.Service) { s.Spec.Selector = PodsOf(Green) }),
			replicas: 3,
			said:     []string{givenBack},
		},
		"moved away, of a Service that selects by the version alone": {
			cached:   byVersionAlone(OnVersion(Green)),
			stored:   byVersionAlone(OnVersion(Green)),
			replicas: 0,
			said:     []string{done},
		},
		"pending, of a Service that selects by the version alone": {
			cached:    byVersionAlone(pending),
			stored:    byVersionAlone(pending),
			replicas:  3,
			stillHeld: true,
		},
		"withdrawn": {
			cached:   OnVersion(Blue),
			stored:   OnVersion(Blue),
			replicas: 3,
			said:     []string{kept},
		},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := scaledDown(scaleDownHeld)
			deployment.Annotations[Theirs] = "a"
			server := NewAPIServer(t, withService(test.stored, deployment)...)
			server.CacheHolds(withService(test.cached, deployment)...)
			protection := drainedProtection(server, enabled)
			for range 3 { // Each write comes back through the watch.
				seen := server.Stored(deployment)
				if _, err := reconcileDeployment(t, protection, seen); err != nil {
					t.Fatal(err)
				}
				countGeneration(server, seen)
			}
			after := server.Stored(deployment)
			want := map[string]string{Theirs: "a"}
			if test.stillHeld {
				want[bluegreen.ScaleToZeroAfter] = scaleDownHeld
			}
			if *after.Spec.Replicas != test.replicas || !maps.Equal(after.Annotations, want) {
				t.Errorf("%d replicas, %v; want %d, %v", *after.Spec.Replicas, after.Annotations, test.replicas, want)
			}
			if said := server.Said(); !slices.Equal(said, test.said) {
				t.Errorf("said %q, want %q", said, test.said)
			}
		})
	}
}

// countGeneration does what the API server does when the annotations or the spec of a Deployment have changed.
func countGeneration(server *APIServer, before *appsv1.Deployment) {
	server.T.Helper()
	after := server.Stored(before)
	if reflect.DeepEqual(before.Annotations, after.Annotations) && reflect.DeepEqual(before.Spec, after.Spec) {
		return
	}
	after.Generation = before.Generation + 1
	if err := server.Update(server.T.Context(), after); err != nil {
		server.T.Fatal(err)
	}
}

func TestAHeldScaleDownDoesNotKeepWhatNobodyProtectsAnyMore(t *testing.T) {
	pending := Switching{From: Blue, To: Green}.Service()
	pending.Annotations[bluegreen.InUseProtection] = "disabled"
	deployment := scaledDown(scaleDownHeld)
	server := NewAPIServer(t, deployment, pending)
	protection := drainedProtection(server, enabled)
	for range 2 {
		if _, err := reconcileDeployment(t, protection, server.Stored(deployment)); err != nil {
			t.Fatal(err)
		}
	}
	after := server.Stored(deployment)
	if bluegreen.Protected(after) || *after.Spec.Replicas != 3 || after.Annotations[bluegreen.ScaleToZeroAfter] != scaleDownHeld {
		t.Errorf("finalizers %q, %d replicas, %v", after.Finalizers, *after.Spec.Replicas, after.Annotations)
	}
}

// TestADeploymentThatChangedSinceItWasSeenIsNotScaledToZero: it may be of the live version by now.
func TestADeploymentThatChangedSinceItWasSeenIsNotScaledToZero(t *testing.T) {
	for name, test := range map[string]struct {
		replicas int32
		note     string
	}{
		"before it is noted that it is due": {3, scaleDownHeld},
		"before it is scaled":               {3, scaleDownHeld + "/2"},
		"before it is forgotten":            {0, scaleDownHeld + "/1"},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := scaledDown(test.note)
			deployment.Spec.Replicas = &test.replicas
			server := NewAPIServer(t, deployment, OnVersion(Green))
			seen := server.Stored(deployment)
			relabelled := seen.DeepCopy()
			relabelled.Spec.Template.Labels["version"] = Green
			if err := server.Update(t.Context(), relabelled); err != nil {
				t.Fatal(err)
			}
			if _, err := reconcileDeployment(t, drainedProtection(server, enabled), seen); err != nil {
				t.Fatal(err)
			}
			after := server.Stored(deployment)
			if *after.Spec.Replicas != test.replicas || after.Annotations[bluegreen.ScaleToZeroAfter] != test.note {
				t.Errorf("%d replicas, %v", *after.Spec.Replicas, after.Annotations)
			}
		})
	}
}
