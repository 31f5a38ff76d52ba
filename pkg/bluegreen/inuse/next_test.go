package inuse

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWhatComesNextForADeploymentThatIsKept(t *testing.T) {
	left := OnGreen()
	asked := Managed(Asks("1.12"))
	moved := Managed(Asks("1.12"), SelectsVersion("1.12"))
	other := Deployment("1.12", Named("nginx-green"))
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		service    *corev1.Service
		beside     *appsv1.Deployment
		want       Step
	}{
		"serves": {
			deployment: Slot(),
			service:    Managed(),
			want:       StepNone,
		},
		"left": {
			deployment: Slot(),
			service:    left,
			want:       StepUnprotect,
		},
		"held, and serves": {
			deployment: HeldSlot(),
			service:    Managed(),
			want:       StepNone,
		},
		"held, and serves under deletion": {
			deployment: HeldSlot(DeletedSlot),
			service:    Managed(),
			want:       StepNone,
		},
		"held, and left": {
			deployment: HeldSlot(),
			service:    left,
			want:       StepUnprotect,
		},
		"held, and left for another of its labels": {
			deployment: HeldSlot(),
			service:    moved,
			beside:     other,
			want:       StepResume,
		},
		"held, left, and under deletion": {
			deployment: HeldSlot(DeletedSlot),
			service:    moved,
			beside:     other,
			want:       StepUnprotect,
		},
		"held, and alone what is asked for": {
			deployment: HeldSlot(),
			service:    asked,
			want:       StepRoll,
		},
		"held, another can become ready": {
			deployment: HeldSlot(),
			service:    asked,
			beside:     other,
			want:       StepNone,
		},
		"held, alone, but it is to have none": {
			deployment: HeldSlot(Noting(bluegreen.ResumeAfter, "3/3/0")),
			service:    asked,
			want:       StepNone,
		},
		"held, alone, but it is being deleted": {
			deployment: HeldSlot(DeletedSlot),
			service:    asked,
			want:       StepNone,
		},
		"a note of another Deployment's": {
			deployment: HeldSlot(Noting(bluegreen.ResumeAfter, "9/3/2")),
			service:    left,
			want:       StepUnprotect,
		},
		"protection is not wanted": {
			deployment: HeldSlot(),
			service:    Managed(Unprotected),
			want:       StepUnprotect,
		},
	} {
		t.Run(name, func(t *testing.T) {
			beside := List(test.deployment)
			if test.beside != nil {
				beside = append(beside, test.beside)
			}
			if got := next(test.deployment, Services(test.service), beside); got != test.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
