package inuse

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAHeldScaleDownIsDoneAfterTheSwitchAndNeverOtherwise(t *testing.T) {
	left := Managed(Asks("1.11"), Selects("name", "nginx", "version", "1.11"))
	another := func(s *corev1.Service) { s.Name = "other" }
	other, plain := Managed(another), Service(another)
	back := Managed(Asks("1.10"), Selects("name", "nginx", "version", "1.11"))
	held := Deployment("1.10", HeldScaleDown("nginx/3/3"))
	bound := Deployment("1.10", HeldScaleDown("nginx/3/3/2"))
	const gone, stays = "Service nginx is gone", "Service nginx stays on the Deployment"
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		services   []*corev1.Service
		want       heldScaleDown
		why        string
	}{
		"none":                          {Deployment("1.10"), []*corev1.Service{Waiting()}, noScaleDown, ""},
		"pending":                       {held, []*corev1.Service{Waiting()}, scaleDownPending, ""},
		"moved away":                    {held, []*corev1.Service{left}, scaleDownDue, ""},
		"moved away, bound":             {bound, []*corev1.Service{left}, scaleDownBound, ""},
		"bound, and asked back":         {bound, []*corev1.Service{back}, scaleDownPending, ""},
		"Service deleted":               {held, nil, scaleDownVoid, gone},
		"Service deleted, others there": {held, []*corev1.Service{plain}, scaleDownVoid, gone},
		"withdrawn":                     {held, []*corev1.Service{Managed()}, scaleDownVoid, stays},
		"released":                      {held, []*corev1.Service{Service()}, scaleDownVoid, stays},
		"a bad ask":                     {held, []*corev1.Service{Managed(Asks("?"))}, scaleDownVoid, stays},
		"another one still there":       {held, []*corev1.Service{other, left}, scaleDownPending, ""},
		"another one still there, last": {held, []*corev1.Service{left, other}, scaleDownPending, ""},
		"asked back":                    {held, []*corev1.Service{back}, scaleDownPending, ""},
		"a plain one still there":       {held, []*corev1.Service{plain, left}, scaleDownDue, ""},
		"scaled since":                  {Deployment("1.10", HeldScaleDown("nginx/3/3"), Replicas(5)), []*corev1.Service{Waiting()}, scaleDownVoid, "there were 3 then"},
		"done":                          {Deployment("1.10", HeldScaleDown("nginx/3/3/1"), Replicas(0)), []*corev1.Service{left}, scaleDownVoid, "there were 3 then"},
		"done, and scaled up again":     {Deployment("1.10", HeldScaleDown("nginx/3/3/1")), []*corev1.Service{left}, scaleDownVoid, "the Deployment has changed since"},
		"one replica, unsaid":           {Deployment("1.10", HeldScaleDown("nginx/3/1"), func(d *appsv1.Deployment) { d.Spec.Replicas = nil }), []*corev1.Service{left}, scaleDownDue, ""},
		"copied to another Deployment":  {Deployment("1.10", HeldScaleDown("nginx/3/3"), func(d *appsv1.Deployment) { d.UID = "4" }), []*corev1.Service{left}, scaleDownVoid, "it is not of this Deployment"},
		"not a note":                    {Deployment("1.10", HeldScaleDown("nginx")), []*corev1.Service{left}, scaleDownVoid, "it is not of this Deployment"},
		"not a count":                   {Deployment("1.10", HeldScaleDown("nginx/3/x")), []*corev1.Service{left}, scaleDownVoid, "it is not of this Deployment"},
		"not a generation":              {Deployment("1.10", HeldScaleDown("nginx/3/3/x")), []*corev1.Service{left}, scaleDownVoid, "it is not of this Deployment"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, why := state(test.deployment, test.services, nil).scaleDown(); got != test.want || why != test.why {
				t.Errorf("got %s, %q; want %s, %q", got, why, test.want, test.why)
			}
		})
	}
}

func TestABoundScaleDownIsOfTheDeploymentAsItIs(t *testing.T) {
	due := Deployment("1.10", HeldScaleDown("nginx/3/3"))
	due.Annotations[bluegreen.ScaleToZeroAfter] = boundScaleDown(due)
	due.Generation++
	left := []*corev1.Service{Managed(Asks("1.11"), Selects("name", "nginx", "version", "1.11"))}
	if held, _ := state(due, left, nil).scaleDown(); held != scaleDownBound {
		t.Errorf("%s: %s", due.Annotations[bluegreen.ScaleToZeroAfter], held)
	}
	due.Generation++
	if held, _ := state(due, left, nil).scaleDown(); held != scaleDownVoid {
		t.Errorf("a generation later: %s", held)
	}
}
