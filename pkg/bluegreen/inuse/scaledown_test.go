package inuse

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAHeldScaleDownIsDoneAfterTheSwitchAndNeverOtherwise(t *testing.T) {
	left := OnGreen()
	another := NamedService("other")
	other, plain := Managed(another), Service(another)
	back := Managed(Asks("1.10"), SelectsVersion("1.11"))
	held := Deployment("1.10", ScaleDownNoted("nginx/3/3"))
	bound := Deployment("1.10", ScaleDownNoted("nginx/3/3/2"))
	const gone, stays = "Service nginx is gone", "Service nginx stays on the Deployment"
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		services   []*corev1.Service
		want       heldScaleDown
		why        string
	}{
		"none": {
			deployment: Deployment("1.10"),
			services:   Services(Waiting()),
			want:       noScaleDown,
		},
		"pending": {
			deployment: held,
			services:   Services(Waiting()),
			want:       scaleDownPending,
		},
		"moved away": {
			deployment: held,
			services:   Services(left),
			want:       scaleDownDue,
		},
		"moved away, bound": {
			deployment: bound,
			services:   Services(left),
			want:       scaleDownBound,
		},
		"bound, and asked back": {
			deployment: bound,
			services:   Services(back),
			want:       scaleDownPending,
		},
		"Service deleted": {
			deployment: held,
			want:       scaleDownVoid,
			why:        gone,
		},
		"Service deleted, others there": {
			deployment: held,
			services:   Services(plain),
			want:       scaleDownVoid,
			why:        gone,
		},
		"withdrawn": {
			deployment: held,
			services:   Services(Managed()),
			want:       scaleDownVoid,
			why:        stays,
		},
		"given back": {
			deployment: held,
			services:   Services(Service()),
			want:       scaleDownVoid,
			why:        stays,
		},
		"a bad ask": {
			deployment: held,
			services:   Services(Managed(Asks("?"))),
			want:       scaleDownVoid,
			why:        stays,
		},
		"another one still there": {
			deployment: held,
			services:   Services(other, left),
			want:       scaleDownPending,
		},
		"another one still there, last": {
			deployment: held,
			services:   Services(left, other),
			want:       scaleDownPending,
		},
		"asked back": {
			deployment: held,
			services:   Services(back),
			want:       scaleDownPending,
		},
		"a plain one still there": {
			deployment: held,
			services:   Services(plain, left),
			want:       scaleDownDue,
		},
		"scaled since": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx/3/3"), Replicas(5)),
			services:   Services(Waiting()),
			want:       scaleDownVoid,
			why:        "there were 3 then",
		},
		"done": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx/3/3/1"), Replicas(0)),
			services:   Services(left),
			want:       scaleDownVoid,
			why:        "there were 3 then",
		},
		"done, and scaled up again": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx/3/3/1")),
			services:   Services(left),
			want:       scaleDownVoid,
			why:        "the Deployment has changed since",
		},
		"one replica, unsaid": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx/3/1"), func(d *appsv1.Deployment) { d.Spec.Replicas = nil }),
			services:   Services(left),
			want:       scaleDownDue,
		},
		"copied to another Deployment": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx/3/3"), func(d *appsv1.Deployment) { d.UID = "4" }),
			services:   Services(left),
			want:       scaleDownVoid,
			why:        "it is not of this Deployment",
		},
		"not a note": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx")),
			services:   Services(left),
			want:       scaleDownVoid,
			why:        "it is not of this Deployment",
		},
		"not a count": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx/3/x")),
			services:   Services(left),
			want:       scaleDownVoid,
			why:        "it is not of this Deployment",
		},
		"not a generation": {
			deployment: Deployment("1.10", ScaleDownNoted("nginx/3/3/x")),
			services:   Services(left),
			want:       scaleDownVoid,
			why:        "it is not of this Deployment",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, why := heldScaleDownOf(test.deployment, test.services); got != test.want || why != test.why {
				t.Errorf("got %s, %q; want %s, %q", got, why, test.want, test.why)
			}
		})
	}
}

func TestABoundScaleDownIsOfTheDeploymentAsItIs(t *testing.T) {
	due := Deployment("1.10", ScaleDownNoted("nginx/3/3"))
	due.Annotations = boundScaleDownOf(due)
	due.Generation++
	left := Services(OnGreen())
	if held, _ := heldScaleDownOf(due, left); held != scaleDownBound {
		t.Errorf("%s: %s", due.Annotations[bluegreen.ScaleToZeroAfter], held)
	}
	due.Generation++
	if held, _ := heldScaleDownOf(due, left); held != scaleDownVoid {
		t.Errorf("a generation later: %s", held)
	}
}
