package inuse

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestPeopleAreToldWhenSomethingBeginsToBeHeld(t *testing.T) {
	const (
		kept = "DeletionHeld: is being deleted, and its pods are kept while Service nginx uses it; if that is to go too, and waits for " +
			"this Deployment (an Argo CD application that is deleted): kubectl delete service nginx -n shop"
		drains  = "DeletionHeld: is being deleted, and its pods are kept until they have drained"
		scaled  = "ScaleDownHeld: keeps its replicas (3) while traffic of Service nginx moves away from it, and goes to 0 once it has drained"
		rollout = "RolloutHeld: its pods keep name=nginx,version=1.10 while they serve: the rollout of the new labels is paused, and goes on " +
			"(with 2 replicas) once traffic has left"
	)
	scaledDown := ScaleDownNoted("nginx/3/3")
	for name, test := range map[string]struct {
		before, after *appsv1.Deployment
		services      []*corev1.Service
		want          []string
	}{
		"a live one is deleted": {
			before:   Deployment("1.10", Protected),
			after:    Deployment("1.10", Kept),
			services: Services(Waiting()),
			want:     []string{kept},
		},
		"two Services use it": {
			before:   Deployment("1.10", Protected),
			after:    Deployment("1.10", Kept),
			services: Services(Managed(), Managed(NamedService("other"))),
			want: []string{"DeletionHeld: is being deleted, and its pods are kept while Service nginx, other uses it; if that is to go too, " +
				"and waits for this Deployment (an Argo CD application that is deleted): kubectl delete service nginx other -n shop"},
		},
		"one that drains is deleted": {
			before:   Deployment("1.10", Protected),
			after:    Deployment("1.10", Kept),
			services: Services(OnGreen()),
			want:     []string{drains},
		},
		"one that traffic may return to is deleted": {
			before: Deployment("1.10", Protected),
			after:  Deployment("1.10", Kept),
			services: Services(OnGreen(Annotation("bluegreen/auto-rollback", "10m"),
				Annotation("bluegreen/last-switch", "1.10/1.11/2026-11-28T08:00:00Z//version/8a2db7be-3"))),
			want: []string{drains + ", and until 2026-11-28T08:10:00Z, because traffic of Service nginx may return to them until then " +
				"(bluegreen/auto-rollback)"},
		},
		"it was being deleted before": {
			before:   Deployment("1.10", Kept),
			after:    Deployment("1.10", Kept),
			services: Services(Waiting()),
		},
		"one that bluegreen does not keep is deleted": {
			before:   Deployment("1.10"),
			after:    Deployment("1.10", Deleting),
			services: Services(Waiting()),
		},
		"it is scaled to 0": {
			before:   Deployment("1.10", Protected),
			after:    Deployment("1.10", scaledDown),
			services: Services(Waiting()),
			want:     []string{scaled},
		},
		"it was scaled to 0 before": {
			before:   Deployment("1.10", scaledDown),
			after:    Deployment("1.10", ScaleDownNoted("nginx/3/3/3")),
			services: Services(OnGreen()),
		},
		"a note of another Deployment's": {
			before:   Deployment("1.10", Protected),
			after:    Deployment("1.10", ScaleDownNoted("nginx/9/3")),
			services: Services(Waiting()),
		},
		"it gets new pod labels": {
			before:   Slot(),
			after:    HeldSlot(),
			services: Services(Managed()),
			want:     []string{rollout},
		},
		"it got new pod labels before": {
			before:   HeldSlot(),
			after:    HeldSlot(Replicas(5)),
			services: Services(Managed()),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := held(test.before, test.after, test.services); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
