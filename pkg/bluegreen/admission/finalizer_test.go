package admission

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAFinalizerThatAWriteTakesOffWhatServesIsPutBack(t *testing.T) {
	theirs := func(d *appsv1.Deployment) { d.Finalizers = []string{"example.org/theirs"} }
	for name, test := range map[string]struct {
		old, new *appsv1.Deployment
		services []*corev1.Service
		want     []string
	}{
		"under deletion": {
			old:      Deployment("1.10", Kept),
			new:      Deployment("1.10"),
			services: Services(Managed()),
			want:     []string{bluegreen.InUseProtection},
		},
		"not under deletion": {
			old:      Deployment("1.10", Protected),
			new:      Deployment("1.10", theirs),
			services: Services(Managed()),
			want:     []string{"example.org/theirs", bluegreen.InUseProtection},
		},
		"while a switch is held": {
			old:      Deployment("1.10", Kept),
			new:      Deployment("1.10"),
			services: Services(Waiting()),
			want:     []string{bluegreen.InUseProtection},
		},
		"not taken off": {
			old:      Deployment("1.10", Protected),
			new:      Deployment("1.10", Protected),
			services: Services(Managed()),
		},
		"not there before": {
			old:      Deployment("1.10"),
			new:      Deployment("1.10"),
			services: Services(Managed()),
		},
		"not in use": {
			old:      Deployment("1.09", Kept),
			new:      Deployment("1.09"),
			services: Services(Managed()),
		},
		"protection is not wanted": {
			old:      Deployment("1.10", Kept),
			new:      Deployment("1.10"),
			services: Services(Managed(Unprotected)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admitDeployment(deploymentWrite{old: test.old, new: test.new, services: test.services})
			want := test.want
			if want == nil {
				want = test.new.Finalizers
			}
			if !slices.Equal(answer.Deployment.Finalizers, want) || (test.want != nil) != (len(answer.Warnings) > 0) {
				t.Errorf("got %q, %q", answer.Deployment.Finalizers, answer.Warnings)
			}
		})
	}
}

// TestNotesAreBluegreensOwn: every kubectl replace leaves them out, and somebody may forge them.
func TestNotesAreBluegreensOwn(t *testing.T) {
	bare := Slot()
	bare.Annotations = Pairs("theirs", "a")
	forged := Slot(
		Noting(bluegreen.Serves, "name=apache"),
		Noting(bluegreen.ScaleToZeroAfter, "nginx/3/3"),
		Noting(bluegreen.ResumeAfter, "3/3/0"),
	)
	for name, written := range map[string]*appsv1.Deployment{"left out": bare, "forged": forged} {
		got := admitDeployment(deploymentWrite{old: Slot(), new: written, services: Services(Managed())}).Deployment
		noted := got.Annotations
		if noted[bluegreen.Serves] != "name=nginx,version=1.10" || noted[bluegreen.ScaleToZeroAfter] != "" || noted[bluegreen.ResumeAfter] != "" {
			t.Errorf("%s: %v", name, got.Annotations)
		}
	}
}
