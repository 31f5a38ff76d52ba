package admission

import (
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule4AdoptionMovesNoTraffic(t *testing.T) {
	blue := Pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"on the version that serves": {old: Service(), new: Service(Asks("1.10")),
			selector: blue, annotations: StableOn("1.10")},
		"with an ask": {old: Service(), new: Service(Asks("1.11")),
			selector: blue, annotations: WaitsFor("1.11", asked)},
		"with an ask in both places": {old: Service(), new: Service(Asks("1.11"), Selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: WaitsFor("1.11", asked), warnings: []string{heldAsk}},
		"with a selector edit that is no ask": {old: Service(), new: Service(Asks("1.10"), Selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: StableOn("1.10"), warnings: []string{held("1.10", "1.11")}},
		"of a selector without the version key": {old: Service(Selects("name", "nginx")), new: Service(Selects("name", "nginx"), Asks("1.10")),
			selector:    Pairs("name", "nginx"),
			annotations: WaitsFor("1.10", "Asked to move from selector name=nginx to version 1.10: waiting for the controller to look at it")},
		"of a selector without the version key, which the manifest has": {old: Service(Selects("name", "nginx")), new: Service(Asks("1.10")),
			selector:    Pairs("name", "nginx"),
			annotations: WaitsFor("1.10", "Asked to move from selector name=nginx to version 1.10: waiting for the controller to look at it"),
			warnings: []string{"bluegreen: spec.selector[version]: traffic stays on selector name=nginx until version 1.10 is ready, then bluegreen moves it; to wait for that: " +
				"kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.version}'=1.10 --timeout=10m"}},
	})
}

func TestRule5ReleaseMovesNoTrafficEither(t *testing.T) {
	blue := Pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"at rest": {old: Managed(), new: Managed(Lacks(bluegreen.TargetVersion)),
			selector: blue, warnings: []string{released}},
		"while a switch is pending": {old: Waiting(), new: Waiting(Lacks(bluegreen.TargetVersion)),
			selector: blue, warnings: []string{released}},
		"with a selector change in the same write": {old: Waiting(), new: Service(Selects("name", "nginx", "version", "1.11")),
			selector: blue, warnings: []string{released}},
		"with a selector that lost its version in the same write": {old: Managed(), new: Service(Selects("name", "nginx")),
			selector: blue, warnings: []string{released}},
		"others' annotations stay": {old: Managed(Annotation("example.org/a", "b")), new: Service(Annotation("example.org/a", "b")),
			selector: blue, annotations: Pairs("example.org/a", "b"), warnings: []string{released}},
		"of a Service with a bad value": {old: Service(Asks("?")), new: Service(),
			selector: blue, warnings: []string{released}},
		"of one without a selector": {old: Managed(Selects()), new: Service(Selects()),
			warnings: []string{strings.Replace(released, "version 1.10", "selector <none>", 1)}},
	})
}

func TestUnmanagedServicesAreUntouchedToTheByte(t *testing.T) {
	entry := Updated("kubectl", `{"f:spec":{"f:selector":{}}}`)
	for name, write := range map[string]serviceWrite{
		"created":              {New: Service(Owned(entry))},
		"created selectorless": {New: Service(Selects())},
		"moved":                {Old: Service(), New: Service(Selects("app", "apache"), Owned(entry))},
		"emptied":              {Old: Service(), New: Service(Selects(), Owned(entry))},
		"with our keys but no ask": {Old: Service(), New: Service(Annotation(bluegreen.PhaseKey, "mine"), Annotation(bluegreen.MessageKey, ""),
			Annotation(bluegreen.VersionLabel, "??"), Annotation("bluegreen/"+"other", "x"), Selects("a", "b"), Owned(entry))},
		"ExternalName": {Old: Service(), New: Service(ExternalName)},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admit(write)
			if !reflect.DeepEqual(answer.Service, write.New) || len(answer.Warnings) > 0 || len(answer.Errors) > 0 {
				t.Errorf("got %+v", answer)
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
		"kept":               {Managed(), List(Deployment("1.10", Kept)), true},
		"kept, while held":   {Waiting(), List(Deployment("1.10", Kept), Deployment("1.11")), true},
		"protected":          {Managed(), List(Deployment("1.10", Protected)), false},
		"deleted by another": {Managed(), List(Deployment("1.10", Deleting)), false},
		"another version's":  {Managed(), List(Deployment("1.10"), Deployment("1.11", Kept)), false},
	} {
		t.Run(name, func(t *testing.T) {
			write := serviceWrite{Old: test.old, New: Service(), Deployments: test.deployments}
			if !write.read().EndsProtection() {
				t.Fatal("not seen as a release")
			}
			errs := admit(write).Errors
			if refused := len(errs) > 0; refused != test.refused {
				t.Fatalf("got %v", errs)
			}
			if test.refused && !strings.Contains(errs.ToAggregate().Error(), "cannot be changed now: Deployment nginx-1.10 serves and is being deleted, and only bluegreen keeps it; move traffic to another version first") {
				t.Errorf("got %v", errs)
			}
		})
	}
}

func TestAWriteThatEndsTheProtectionIsJudgedByWhatServes(t *testing.T) {
	for name, test := range map[string]struct {
		write serviceWrite
		want  bool
	}{
		"release":                       {serviceWrite{Old: Managed(), New: Service()}, true},
		"disabled":                      {serviceWrite{Old: Managed(), New: Managed(Annotation(bluegreen.InUseProtection, "disabled"))}, true},
		"disabled before":               {serviceWrite{Old: Managed(Annotation(bluegreen.InUseProtection, "disabled")), New: Service()}, false},
		"another ask":                   {serviceWrite{Old: Managed(), New: Waiting()}, false},
		"creation":                      {serviceWrite{New: Managed()}, false},
		"adoption":                      {serviceWrite{Old: Service(), New: Managed()}, false},
		"the controller's":              {serviceWrite{Old: Managed(), New: Service(), ByController: true}, false},
		"release of a selectorless one": {serviceWrite{Old: Managed(Selects()), New: Service(Selects())}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.write.read().EndsProtection(); got != test.want {
				t.Errorf("got %v", got)
			}
			test.write.Deployments = List(Deployment("1.10", Kept))
			if refused := len(admit(test.write).Errors) > 0; refused != test.want {
				t.Errorf("with what serves under deletion: %v", admit(test.write).Errors)
			}
		})
	}
}

func TestAServiceIsNotGivenBackWhileItsLiveSlotIsHeld(t *testing.T) {
	for name, option := range map[string]ServiceOption{"released": Lacks(bluegreen.TargetVersion), "disabled": Annotation(bluegreen.InUseProtection, "disabled")} {
		after := Managed()
		option(after)
		answer := admit(serviceWrite{Old: Managed(), New: after, Deployments: List(HeldSlot())})
		if len(answer.Errors) != 1 || !strings.Contains(answer.Errors[0].Error(), "Deployment nginx-blue serves, and its new pod labels take its pods out") {
			t.Errorf("%s: %v", name, answer.Errors)
		}
	}
}
