package admission

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule5GivingBackMovesNoTrafficEither(t *testing.T) {
	blue := PodsOf("1.10")
	admitAll(t, map[string]serviceCase{
		"at rest": {
			old:      Managed(),
			new:      Managed(Lacks(bluegreen.TargetVersion)),
			selector: blue,
			warnings: []string{givenBack},
		},
		"while a switch is pending": {
			old:      Waiting(),
			new:      Waiting(Lacks(bluegreen.TargetVersion)),
			selector: blue,
			warnings: []string{givenBack},
		},
		"with a selector change in the same write": {
			old:      Waiting(),
			new:      Service(SelectsVersion("1.11")),
			selector: blue,
			warnings: []string{givenBack},
		},
		"with a selector that lost its version in the same write": {
			old:      Managed(),
			new:      Service(Selects("name", "nginx")),
			selector: blue,
			warnings: []string{givenBack},
		},
		"others' annotations stay": {
			old:         Managed(Annotation("example.org/a", "b")),
			new:         Service(Annotation("example.org/a", "b")),
			selector:    blue,
			annotations: Pairs("example.org/a", "b"),
			warnings:    []string{givenBack},
		},
		"of a Service with a bad value": {
			old:      Service(Asks("?")),
			new:      Service(),
			selector: blue,
			warnings: []string{givenBack},
		},
		"of one without a selector": {
			old:      Managed(Selects()),
			new:      Service(Selects()),
			warnings: []string{strings.Replace(givenBack, "version 1.10", "selector <none>", 1)},
		},
	})
}

func TestGivingBackUnderWhichWhatServesWouldDieIsRefused(t *testing.T) {
	const dies = "cannot be changed now: Deployment nginx-1.10 serves and is being deleted, and only bluegreen keeps it; " +
		"move traffic to another version first"
	for name, test := range map[string]struct {
		old         *corev1.Service
		deployments []*appsv1.Deployment
		refused     bool
	}{
		"kept": {
			old:         Managed(),
			deployments: List(Deployment("1.10", Kept)),
			refused:     true,
		},
		"kept, while held": {
			old:         Waiting(),
			deployments: List(Deployment("1.10", Kept), Deployment("1.11")),
			refused:     true,
		},
		"protected":          {old: Managed(), deployments: List(Deployment("1.10", Protected))},
		"deleted by another": {old: Managed(), deployments: List(Deployment("1.10", Deleting))},
		"another version's":  {old: Managed(), deployments: List(Deployment("1.10"), Deployment("1.11", Kept))},
	} {
		t.Run(name, func(t *testing.T) {
			write := serviceWrite{old: test.old, new: Service(), deployments: test.deployments}
			if !endsProtection(write) {
				t.Fatal("not seen as giving back")
			}
			errs := admit(write).Errors
			if refused := len(errs) > 0; refused != test.refused {
				t.Fatalf("got %v", errs)
			}
			if test.refused && !strings.Contains(errs.ToAggregate().Error(), dies) {
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
		"given back": {write: serviceWrite{old: Managed(), new: Service()}, want: true},
		"disabled": {
			write: serviceWrite{old: Managed(), new: Managed(Unprotected)},
			want:  true,
		},
		"disabled before":               {write: serviceWrite{old: Managed(Unprotected), new: Service()}},
		"another ask":                   {write: serviceWrite{old: Managed(), new: Waiting()}},
		"creation":                      {write: serviceWrite{new: Managed()}},
		"adoption":                      {write: serviceWrite{old: Service(), new: Managed()}},
		"the controller's":              {write: serviceWrite{old: Managed(), new: Service(), byController: true}},
		"a selectorless one given back": {write: serviceWrite{old: Managed(Selects()), new: Service(Selects())}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := endsProtection(test.write); got != test.want {
				t.Errorf("got %v", got)
			}
			test.write.deployments = List(Deployment("1.10", Kept))
			if refused := len(admit(test.write).Errors) > 0; refused != test.want {
				t.Errorf("with what serves under deletion: %v", admit(test.write).Errors)
			}
		})
	}
}

func TestAServiceIsNotGivenBackWhileItsLiveSlotIsHeld(t *testing.T) {
	const why = "Deployment nginx-blue serves, and its new pod labels take its pods out"
	for name, option := range map[string]ServiceOption{
		"given back":  Lacks(bluegreen.TargetVersion),
		"unprotected": Unprotected,
	} {
		errs := admit(serviceWrite{old: Managed(), new: Managed(option), deployments: List(HeldSlot())}).Errors
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), why) {
			t.Errorf("%s: %v", name, errs)
		}
	}
}
