package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

func TestAnEventOfADeploymentReachesExactlyTheServicesThatItMattersTo(t *testing.T) {
	server := NewAPIServer(t,
		Asking(Green),
		Changed(Asking("1.12"), func(s *corev1.Service) { s.Name = "other-version" }),
		Changed(Asking(Green), func(s *corev1.Service) { s.Namespace = "other" }),
		Changed(Asking(Blue), func(s *corev1.Service) { s.Name = "at-rest" }),
		Changed(Asking("nginx"), func(s *corev1.Service) {
			s.Name = "own-label"
			s.Annotations[bluegreen.VersionLabel] = "name"
			s.Spec.Selector = map[string]string{"version": Green}
		}),
	)
	controller := newController(server, setup{})

	got := reached(t.Context(), controller, Ready("nginx-1.11"))
	slices.Sort(got)
	if want := []string{"shop/nginx", "shop/own-label"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	left := server.Service()
	left.Annotations, left.Spec.Selector = onGreen(time.Minute).Annotations, PodsOf(Green)
	server.Rewrite(left)
	if got := reached(t.Context(), controller, InUse(Blue)); !slices.Contains(got, "shop/nginx") {
		t.Errorf("to what traffic may return to: got %v", got)
	}
	unlabelled := Ready("nginx-1.11")
	unlabelled.Spec.Template.Labels = nil
	if got := reached(t.Context(), controller, unlabelled); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

func TestAnEventTellsThatAServiceWasGivenBack(t *testing.T) {
	server := NewAPIServer(t, Nginx())
	for name, test := range map[string]struct {
		before, after *corev1.Service
		told          bool
	}{
		"given back":        {before: OnVersion(Blue), after: Nginx(), told: true},
		"asks for another":  {before: OnVersion(Blue), after: Asking(Green)},
		"adopted":           {before: Nginx(), after: OnVersion(Blue)},
		"never managed":     {before: Nginx(), after: Nginx()},
		"created":           {after: Nginx()},
		"deleted":           {before: OnVersion(Blue)},
		"created with asks": {after: OnVersion(Blue)},
	} {
		t.Run(name, func(t *testing.T) {
			serviceChanged(t, newController(server, setup{}), test.before, test.after)
			said := server.Said()
			if !test.told && len(said) > 0 {
				t.Errorf("said %q", said)
			}
			if test.told {
				ExpectOneEvent(t, said, "Normal NotManaged", "bluegreen/target-version removed", "traffic stays on version 1.10")
			}
		})
	}
}
