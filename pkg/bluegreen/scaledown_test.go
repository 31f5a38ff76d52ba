package bluegreen

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// note writes the note of a scale-down on a Deployment, whose UID is 3 and whose generation is 2.
func note(text string) deploymentOption {
	return func(d *appsv1.Deployment) {
		protected(d)
		d.Annotations = pairs(ScaleToZeroAfter, text)
	}
}

func TestAHeldScaleDownIsDoneAfterTheSwitchAndNeverOtherwise(t *testing.T) {
	left := managed(asks("1.11"), selects("name", "nginx", "version", "1.11"))
	another := func(s *corev1.Service) { s.Name = "other" }
	other, plain := managed(another), service(another)
	back := managed(asks("1.10"), selects("name", "nginx", "version", "1.11"))
	held := deployment("1.10", note("nginx/3/3"))
	bound := deployment("1.10", note("nginx/3/3/2"))
	const gone, stays = "Service nginx is gone", "Service nginx stays on the Deployment"
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		services   []*corev1.Service
		want       HeldScaleDown
		why        string
	}{
		"none":                          {deployment("1.10"), []*corev1.Service{waiting()}, NoScaleDown, ""},
		"pending":                       {held, []*corev1.Service{waiting()}, ScaleDownPending, ""},
		"moved away":                    {held, []*corev1.Service{left}, ScaleDownDue, ""},
		"moved away, bound":             {bound, []*corev1.Service{left}, ScaleDownBound, ""},
		"bound, and asked back":         {bound, []*corev1.Service{back}, ScaleDownPending, ""},
		"Service deleted":               {held, nil, ScaleDownVoid, gone},
		"Service deleted, others there": {held, []*corev1.Service{plain}, ScaleDownVoid, gone},
		"withdrawn":                     {held, []*corev1.Service{managed()}, ScaleDownVoid, stays},
		"released":                      {held, []*corev1.Service{service()}, ScaleDownVoid, stays},
		"a bad ask":                     {held, []*corev1.Service{managed(asks("?"))}, ScaleDownVoid, stays},
		"another one still there":       {held, []*corev1.Service{other, left}, ScaleDownPending, ""},
		"another one still there, last": {held, []*corev1.Service{left, other}, ScaleDownPending, ""},
		"asked back":                    {held, []*corev1.Service{back}, ScaleDownPending, ""},
		"a plain one still there":       {held, []*corev1.Service{plain, left}, ScaleDownDue, ""},
		"scaled since":                  {deployment("1.10", note("nginx/3/3"), replicas(5)), []*corev1.Service{waiting()}, ScaleDownVoid, "there were 3 then"},
		"done":                          {deployment("1.10", note("nginx/3/3/1"), replicas(0)), []*corev1.Service{left}, ScaleDownVoid, "there were 3 then"},
		"done, and scaled up again":     {deployment("1.10", note("nginx/3/3/1")), []*corev1.Service{left}, ScaleDownVoid, "the Deployment has changed since"},
		"one replica, unsaid":           {deployment("1.10", note("nginx/3/1"), func(d *appsv1.Deployment) { d.Spec.Replicas = nil }), []*corev1.Service{left}, ScaleDownDue, ""},
		"copied to another Deployment":  {deployment("1.10", note("nginx/3/3"), func(d *appsv1.Deployment) { d.UID = "4" }), []*corev1.Service{left}, ScaleDownVoid, "it is not of this Deployment"},
		"not a note":                    {deployment("1.10", note("nginx")), []*corev1.Service{left}, ScaleDownVoid, "it is not of this Deployment"},
		"not a count":                   {deployment("1.10", note("nginx/3/x")), []*corev1.Service{left}, ScaleDownVoid, "it is not of this Deployment"},
		"not a generation":              {deployment("1.10", note("nginx/3/3/x")), []*corev1.Service{left}, ScaleDownVoid, "it is not of this Deployment"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, why := ScaleDownOf(test.deployment, test.services); got != test.want || why != test.why {
				t.Errorf("got %s, %q; want %s, %q", got, why, test.want, test.why)
			}
		})
	}
}

func TestABoundScaleDownIsOfTheDeploymentAsItIs(t *testing.T) {
	due := deployment("1.10", note("nginx/3/3"))
	due.Annotations[ScaleToZeroAfter] = BoundScaleDown(due)
	due.Generation++
	left := []*corev1.Service{managed(asks("1.11"), selects("name", "nginx", "version", "1.11"))}
	if held, _ := ScaleDownOf(due, left); held != ScaleDownBound {
		t.Errorf("%s: %s", due.Annotations[ScaleToZeroAfter], held)
	}
	due.Generation++
	if held, _ := ScaleDownOf(due, left); held != ScaleDownVoid {
		t.Errorf("a generation later: %s", held)
	}
}
