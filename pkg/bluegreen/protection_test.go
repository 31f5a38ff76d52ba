package bluegreen

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// protected has finalizer and note, as bluegreen leaves them.
func protected(d *appsv1.Deployment) {
	d.Finalizers = append(d.Finalizers, InUseProtection)
	d.Annotations = pairs(Serves, "name=nginx,version="+d.Spec.Template.Labels["version"])
}

// kept is under deletion, and only bluegreen keeps it.
func kept(d *appsv1.Deployment) {
	deleting(d)
	d.Finalizers = nil
	protected(d)
}

func TestADeploymentIsInUseWhileAServiceSelectsItOrIsAboutTo(t *testing.T) {
	other := func(s *corev1.Service) { s.Name = "other" }
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		services   []*corev1.Service
		want       bool
	}{
		"live":                               {deployment("1.10"), []*corev1.Service{managed()}, true},
		"live while another is asked for":    {deployment("1.10"), []*corev1.Service{waiting()}, true},
		"live under a bad ask":               {deployment("1.10"), []*corev1.Service{managed(asks("?"))}, true},
		"live and under deletion":            {deployment("1.10", kept), []*corev1.Service{managed()}, true},
		"asked for":                          {deployment("1.11"), []*corev1.Service{waiting()}, true},
		"asked for, and under deletion":      {deployment("1.11", kept), []*corev1.Service{waiting()}, false},
		"left":                               {deployment("1.09"), []*corev1.Service{managed()}, false},
		"of one Service of two":              {deployment("1.11"), []*corev1.Service{managed(other), managed(asks("1.11"), selects("name", "nginx", "version", "1.11"))}, true},
		"of a plain Service":                 {deployment("1.10"), []*corev1.Service{service()}, false},
		"of a Service without protection":    {deployment("1.10"), []*corev1.Service{managed(annotation(InUseProtection, "disabled"))}, false},
		"of no Service":                      {deployment("1.10"), nil, false},
		"of a selectorless Service, managed": {deployment("1.10"), []*corev1.Service{managed(selects())}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := InUse(test.deployment, test.services); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWhatServesIsProtectedAndATargetBeforeTrafficMoves(t *testing.T) {
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		want        []string
	}{
		"at rest":                 {managed(), list(deployment("1.10"), deployment("1.11")), []string{"nginx-1.10"}},
		"at rest, done":           {managed(), list(deployment("1.10", protected)), nil},
		"held":                    {waiting(), list(deployment("1.10"), deployment("1.11", starting)), []string{"nginx-1.10", "nginx-1.11"}},
		"about to move":           {waiting(), list(deployment("1.10", protected), deployment("1.11")), []string{"nginx-1.11"}},
		"a bad ask":               {managed(asks("?")), list(deployment("1.10")), []string{"nginx-1.10"}},
		"too late":                {managed(), list(deployment("1.10", deleting)), nil},
		"not wanted":              {managed(annotation(InUseProtection, "disabled")), list(deployment("1.10")), nil},
		"not wanted, and moves":   {waiting(annotation(InUseProtection, "disabled")), list(deployment("1.11")), nil},
		"not managed":             {service(), list(deployment("1.10")), nil},
		"the note is missing":     {managed(), list(deployment("1.10", protected, func(d *appsv1.Deployment) { d.Annotations = nil })), []string{"nginx-1.10"}},
		"every one that is to go": {waiting(), list(deployment("1.11"), deployment("1.11", named("more"))), []string{"more", "nginx-1.11"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, each := range Decide(Observe(test.service, test.deployments)).Protect {
				got = append(got, each.Deployment.Name)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTroubleOfWhatServesIsTold(t *testing.T) {
	const (
		frozen = "Deployment nginx-1.10: serves and is being deleted: its pods are kept, and its spec is frozen, until traffic moves; ask for another version to let it go, " +
			"or take its pods over: kubectl delete deployment nginx-1.10 -n shop --cascade=orphan --wait=false, and apply its manifest again"
		empty = "Deployment nginx-1.10: serves and has 0 replicas: scale it up, or ask for another version"
	)
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		reason      Reason
		phase       Phase
		message     string
	}{
		"kept, at rest":      {managed(), list(deployment("1.10", kept)), ReasonLiveDeleting, Stable, frozen},
		"kept, while held":   {waiting(), list(deployment("1.10", kept), deployment("1.11", starting)), ReasonNotAvailable, Waiting, notYet + "; " + frozen},
		"deleted by another": {managed(), list(deployment("1.10", deleting)), ReasonStable, Stable, ""},
		"scaled to 0":        {managed(), list(deployment("1.10", replicas(0))), ReasonLiveScaledToZero, Stable, empty},
		"one of two at 0":    {managed(), list(deployment("1.10", replicas(0)), deployment("1.10", named("more"))), ReasonStable, Stable, ""},
		"moving ends it":     {waiting(), list(deployment("1.10", kept), deployment("1.11")), ReasonSwitched, Stable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			action := Decide(Observe(test.service, test.deployments))
			if action.Reason != test.reason {
				t.Errorf("reason %s", action.Reason)
			}
			if got := own(action.Service); got[PhaseKey] != string(test.phase) || got[MessageKey] != test.message {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAReleaseUnderWhichWhatServesWouldDieIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		old         *corev1.Service
		deployments []*appsv1.Deployment
		refused     bool
	}{
		"kept":               {managed(), list(deployment("1.10", kept)), true},
		"kept, while held":   {waiting(), list(deployment("1.10", kept), deployment("1.11")), true},
		"protected":          {managed(), list(deployment("1.10", protected)), false},
		"deleted by another": {managed(), list(deployment("1.10", deleting)), false},
		"another version's":  {managed(), list(deployment("1.10"), deployment("1.11", kept)), false},
	} {
		t.Run(name, func(t *testing.T) {
			write := Write{Old: test.old, New: service(), Deployments: test.deployments}
			if !write.LetsGo() {
				t.Fatal("not seen as a release")
			}
			errs := Admit(write).Errors
			if refused := len(errs) > 0; refused != test.refused {
				t.Fatalf("got %v", errs)
			}
			if test.refused && !strings.Contains(errs.ToAggregate().Error(), "cannot be changed now: Deployment nginx-1.10 serves and is being deleted, and only bluegreen keeps it; move traffic to another version first") {
				t.Errorf("got %v", errs)
			}
		})
	}
}

func TestAScaleDownWaitsForTheSwitchAwayThatIsPendingAndForTheDrain(t *testing.T) {
	const (
		pending = "bluegreen: spec.replicas: stays 3 while Deployment nginx-1.10 serves Service nginx; it goes to 0 once traffic has moved to version 1.11"
		drains  = "bluegreen: spec.replicas: stays 3 until Deployment nginx-1.10 has drained; traffic of Service nginx has just moved from it, and then it goes to 0"
	)
	for name, test := range map[string]struct {
		services []*corev1.Service
		warning  string
	}{
		"pending":                  {[]*corev1.Service{waiting()}, pending},
		"pending, beside others":   {[]*corev1.Service{service(), managed(), waiting()}, pending},
		"left":                     {[]*corev1.Service{managed(asks("1.11"), selects("name", "nginx", "version", "1.11"))}, drains},
		"left, others wait":        {[]*corev1.Service{waiting(selects("name", "nginx", "version", "1.09"))}, drains},
		"asked back":               {[]*corev1.Service{managed(selects("name", "nginx", "version", "1.11"))}, ""},
		"at rest":                  {[]*corev1.Service{managed()}, ""},
		"a plain Service":          {[]*corev1.Service{service()}, ""},
		"protection is not wanted": {[]*corev1.Service{waiting(annotation(InUseProtection, "disabled"))}, ""},
		"a bad ask":                {[]*corev1.Service{managed(asks("?"))}, ""},
		"serves nothing":           {[]*corev1.Service{waiting(selects("name", "other", "version", "1.09"))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := deployment("1.10", protected, replicas(0))
			answer := AdmitDeployment(DeploymentWrite{Old: deployment("1.10", protected), New: wanted, Services: test.services})
			held := answer.Deployment
			if got := strings.Join(answer.Warnings, "\n"); got != test.warning {
				t.Fatalf("got %q", got)
			}
			if test.warning != "" && (*held.Spec.Replicas != 3 || held.Annotations[ScaleToZeroAfter] != "nginx/3/3") {
				t.Errorf("got %d replicas, %v", *held.Spec.Replicas, held.Annotations)
			}
			if test.warning == "" && (*held.Spec.Replicas != 0 || held.Annotations[ScaleToZeroAfter] != "") {
				t.Errorf("it is the writer's right: got %d replicas, %v", *held.Spec.Replicas, held.Annotations)
			}
			if *wanted.Spec.Replicas != 0 || len(wanted.Annotations) != 1 {
				t.Error("the write was changed in place")
			}
		})
	}
}

func TestAWriteThatEndsTheProtectionIsJudgedByWhatServes(t *testing.T) {
	for name, test := range map[string]struct {
		write Write
		want  bool
	}{
		"release":                       {Write{Old: managed(), New: service()}, true},
		"disabled":                      {Write{Old: managed(), New: managed(annotation(InUseProtection, "disabled"))}, true},
		"disabled before":               {Write{Old: managed(annotation(InUseProtection, "disabled")), New: service()}, false},
		"another ask":                   {Write{Old: managed(), New: waiting()}, false},
		"creation":                      {Write{New: managed()}, false},
		"adoption":                      {Write{Old: service(), New: managed()}, false},
		"the controller's":              {Write{Old: managed(), New: service(), ByController: true}, false},
		"release of a selectorless one": {Write{Old: managed(selects()), New: service(selects())}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.write.LetsGo(); got != test.want {
				t.Errorf("got %v", got)
			}
			test.write.Deployments = list(deployment("1.10", kept))
			if refused := len(Admit(test.write).Errors) > 0; refused != test.want {
				t.Errorf("with what serves under deletion: %v", Admit(test.write).Errors)
			}
		})
	}
}

func TestAFinalizerThatAWriteTakesOffWhatServesIsPutBack(t *testing.T) {
	theirs := func(d *appsv1.Deployment) { d.Finalizers = []string{"example.org/theirs"} }
	for name, test := range map[string]struct {
		old, new *appsv1.Deployment
		services []*corev1.Service
		want     []string
	}{
		"under deletion":           {deployment("1.10", kept), deployment("1.10"), []*corev1.Service{managed()}, []string{InUseProtection}},
		"not under deletion":       {deployment("1.10", protected), deployment("1.10", theirs), []*corev1.Service{managed()}, []string{"example.org/theirs", InUseProtection}},
		"while a switch is held":   {deployment("1.10", kept), deployment("1.10"), []*corev1.Service{waiting()}, []string{InUseProtection}},
		"not taken off":            {deployment("1.10", protected), deployment("1.10", protected), []*corev1.Service{managed()}, nil},
		"not there before":         {deployment("1.10"), deployment("1.10"), []*corev1.Service{managed()}, nil},
		"not in use":               {deployment("1.09", kept), deployment("1.09"), []*corev1.Service{managed()}, nil},
		"protection is not wanted": {deployment("1.10", kept), deployment("1.10"), []*corev1.Service{managed(annotation(InUseProtection, "disabled"))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			answer := AdmitDeployment(DeploymentWrite{Old: test.old, New: test.new, Services: test.services})
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
