package admission

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule2CreationServesWhatItNamesAndComputesOwnAnnotationsAnew(t *testing.T) {
	admitAll(t, map[string]serviceCase{
		"with the target in the selector": {
			new:         Service(Asks("1.10")),
			selector:    PodsOf("1.10"),
			annotations: StableOn("1.10"),
		},
		"without the version key": {
			new:         Service(Asks("1.10"), Selects("name", "nginx")),
			selector:    PodsOf("1.10"),
			annotations: StableOn("1.10"),
		},
		"with another version: that is pending": {
			new:         Service(Asks("1.11")),
			selector:    PodsOf("1.10"),
			annotations: WaitingFor("1.11", asked),
		},
		"with a version label of its own": {
			new:         Service(Asks("green"), Annotation(bluegreen.VersionLabel, "track"), Selects("name", "nginx")),
			selector:    Pairs("name", "nginx", "track", "green"),
			annotations: Pairs(bluegreen.TargetVersion, "green", bluegreen.VersionLabel, "track", bluegreen.PhaseKey, "Stable"),
		},
		"a restored backup of a Service that had just switched": {
			new:         Managed(Annotation(bluegreen.PhaseKey, "Waiting"), Annotation(bluegreen.MessageKey, "old news")),
			selector:    PodsOf("1.10"),
			annotations: StableOn("1.10"),
			warnings:    []string{inVain(bluegreen.PhaseKey, "Waiting"), inVain(bluegreen.MessageKey, "old news")},
		},
		"a restored backup of a Service at rest": {
			new:         Managed(),
			selector:    PodsOf("1.10"),
			annotations: StableOn("1.10"),
		},
		"others' annotations stay": {
			new:         Service(Asks("1.10"), Annotation("example.org/a", "b")),
			selector:    PodsOf("1.10"),
			annotations: Pairs(bluegreen.TargetVersion, "1.10", bluegreen.PhaseKey, "Stable", "example.org/a", "b"),
		},
		"headless": {
			new:         Service(Asks("1.10"), func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }),
			selector:    PodsOf("1.10"),
			annotations: StableOn("1.10"),
		},
	})
}

func TestRule4AdoptionMovesNoTraffic(t *testing.T) {
	blue := PodsOf("1.10")
	admitAll(t, map[string]serviceCase{
		"on the version that serves": {
			old:         Service(),
			new:         Service(Asks("1.10")),
			selector:    blue,
			annotations: StableOn("1.10"),
		},
		"with an ask": {
			old:         Service(),
			new:         Service(Asks("1.11")),
			selector:    blue,
			annotations: WaitingFor("1.11", asked),
		},
		"with an ask in both places": {
			old:         Service(),
			new:         Service(Asks("1.11"), SelectsVersion("1.11")),
			selector:    blue,
			annotations: WaitingFor("1.11", asked),
			warnings:    []string{heldAsk},
		},
		"with a selector edit that is no ask": {
			old:         Service(),
			new:         Service(Asks("1.10"), SelectsVersion("1.11")),
			selector:    blue,
			annotations: StableOn("1.10"),
			warnings:    []string{noAsk("1.10", "1.11")},
		},
		"of a selector without the version key": {
			old:         Service(Selects("name", "nginx")),
			new:         Service(Selects("name", "nginx"), Asks("1.10")),
			selector:    Pairs("name", "nginx"),
			annotations: WaitingFor("1.10", "Asked to move from selector name=nginx to version 1.10: waiting for the controller to look at it"),
		},
		"of a selector without the version key, which the manifest has": {
			old:         Service(Selects("name", "nginx")),
			new:         Service(Asks("1.10")),
			selector:    Pairs("name", "nginx"),
			annotations: WaitingFor("1.10", "Asked to move from selector name=nginx to version 1.10: waiting for the controller to look at it"),
			warnings: []string{"bluegreen: spec.selector[version]: traffic stays on selector name=nginx until version 1.10 is ready, " +
				"then bluegreen moves it; to wait for that: " +
				"kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.version}'=1.10 --timeout=10m"},
		},
	})
}
