package admission

import (
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule3UpdatesKeepTheSelectorAndPhaseFollowsTheAsk(t *testing.T) {
	blue := Pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"asked in the annotation alone": {old: Managed(), new: Managed(Asks("1.11")),
			selector: blue, annotations: WaitsFor("1.11", asked)},
		"asked in both places": {old: Managed(), new: Managed(Asks("1.11"), Selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: WaitsFor("1.11", asked), warnings: []string{heldAsk}},
		"asked by a manifest without the version key": {old: Managed(), new: Managed(Asks("1.11"), Selects("name", "nginx")),
			selector: blue, annotations: WaitsFor("1.11", asked)},
		"a manifest without the version key, applied again": {old: Managed(), new: Managed(Selects("name", "nginx")),
			selector: blue, annotations: StableOn("1.10")},
		"a manifest without bluegreen's own annotations, replaced": {old: Waiting(), new: Waiting(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey)),
			selector: blue, annotations: WaitsFor("1.11", "not yet")},
		"the selector is no ask": {old: Managed(), new: Managed(Selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: StableOn("1.10"), warnings: []string{held("1.10", "1.11")}},
		"the selector is no ask while a switch is pending either": {old: Waiting(), new: Waiting(Selects("name", "nginx", "version", "1.12")),
			selector: blue, annotations: WaitsFor("1.11", "not yet"), warnings: []string{held("1.11", "1.12")}},
		"both places, applied again while it is pending": {old: Waiting(), new: Waiting(Selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: WaitsFor("1.11", "not yet"), warnings: []string{heldAsk}},
		"an old manifest, applied again after the switch": {
			old:      Service(Asks("1.11"), Selects("name", "nginx", "version", "1.11"), Annotation(bluegreen.PhaseKey, "Stable")),
			new:      Service(Asks("1.11"), Selects("name", "nginx", "version", "1.10"), Annotation(bluegreen.PhaseKey, "Stable")),
			selector: Pairs("name", "nginx", "version", "1.11"), annotations: StableOn("1.11"),
			warnings: []string{strings.Replace(held("1.11", "1.10"), "stays on version 1.10", "stays on version 1.11", 1)}},
		"withdrawn": {old: Waiting(), new: Waiting(Asks("1.10")),
			selector: blue, annotations: StableOn("1.10")},
		"withdrawn in both places": {old: Waiting(), new: Waiting(Asks("1.10"), Selects("name", "nginx", "version", "1.10")),
			selector: blue, annotations: StableOn("1.10")},
		"asked for something newer": {old: Waiting(), new: Waiting(Asks("1.12")),
			selector: blue, annotations: WaitsFor("1.12", strings.Replace(asked, "1.11", "1.12", 1))},
		"version label changed": {old: Managed(), new: Managed(Annotation(bluegreen.VersionLabel, "track"), Asks("green")), selector: blue,
			annotations: Pairs(bluegreen.TargetVersion, "green", bluegreen.VersionLabel, "track", bluegreen.PhaseKey, "Waiting", bluegreen.MessageKey,
				"Asked to move from selector name=nginx,version=1.10 to version green: waiting for the controller to look at it")},
		"version label changed, its key in the selector": {old: Managed(),
			new:      Managed(Annotation(bluegreen.VersionLabel, "app.example.org/track"), Asks("green"), Selects("name", "nginx", "version", "1.10", "app.example.org/track", "green")),
			selector: blue,
			annotations: Pairs(bluegreen.TargetVersion, "green", bluegreen.VersionLabel, "app.example.org/track", bluegreen.PhaseKey, "Waiting", bluegreen.MessageKey,
				"Asked to move from selector name=nginx,version=1.10 to version green: waiting for the controller to look at it"),
			warnings: []string{`bluegreen: spec.selector[app.example.org/track]: traffic stays on selector name=nginx,version=1.10 until version green is ready, then bluegreen moves it; to wait for that: kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.app\.example\.org/track}'=green --timeout=10m`}},
		"version label changed to a key that carries something else": {old: Managed(), new: Managed(Annotation(bluegreen.VersionLabel, "name")), selector: blue,
			annotations: Pairs(bluegreen.TargetVersion, "1.10", bluegreen.VersionLabel, "name", bluegreen.PhaseKey, "Waiting", bluegreen.MessageKey,
				"Asked to move from version nginx to version 1.10: waiting for the controller to look at it")},
		"an unrelated write while the webhook is asked anyway": {old: Waiting(), new: Waiting(Annotation("example.org/a", "b")), selector: blue,
			annotations: Pairs(bluegreen.TargetVersion, "1.11", bluegreen.PhaseKey, "Waiting", bluegreen.MessageKey, "not yet", "example.org/a", "b")},
		"a Service that the webhook never saw": {old: Service(Asks("1.11")), new: Service(Asks("1.11"), Annotation("example.org/a", "b")),
			selector: blue, annotations: Pairs(bluegreen.TargetVersion, "1.11", "example.org/a", "b")},
	})
}

func TestRule3OwnAnnotationsAreBluegreensAlone(t *testing.T) {
	blue := Pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"edited": {old: Waiting(), new: Waiting(Annotation(bluegreen.PhaseKey, "Stable"), Annotation(bluegreen.MessageKey, "all well")),
			selector: blue, annotations: WaitsFor("1.11", "not yet"), warnings: []string{inVain(bluegreen.PhaseKey, "Stable"), inVain(bluegreen.MessageKey, "all well")}},
		"emptied": {old: Waiting(), new: Waiting(Annotation(bluegreen.MessageKey, "")),
			selector: blue, annotations: WaitsFor("1.11", "not yet"), warnings: []string{inVain(bluegreen.MessageKey, "")}},
		"deleted": {old: Waiting(), new: Waiting(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey)),
			selector: blue, annotations: WaitsFor("1.11", "not yet")},
		"added": {old: Managed(), new: Managed(Annotation(bluegreen.MessageKey, "hello")),
			selector: blue, annotations: StableOn("1.10"), warnings: []string{inVain(bluegreen.MessageKey, "hello")}},
		"edited together with an ask": {old: Managed(), new: Managed(Asks("1.11"), Annotation(bluegreen.PhaseKey, "Failed")),
			selector: blue, annotations: WaitsFor("1.11", asked), warnings: []string{inVain(bluegreen.PhaseKey, "Failed")}},
		"added with the adoption": {old: Service(), new: Managed(Annotation(bluegreen.PhaseKey, "Waiting")),
			selector: blue, annotations: StableOn("1.10"), warnings: []string{inVain(bluegreen.PhaseKey, "Waiting")}},
	})
}

func TestRule3TheControllersWritePassesThrough(t *testing.T) {
	green := Pairs("name", "nginx", "version", "1.11")
	admitAll(t, map[string]admission{
		"the switch": {controller: true, old: Waiting(), new: Managed(Asks("1.11"), Selects("name", "nginx", "version", "1.11")),
			selector: green, annotations: StableOn("1.11")},
		"a message and a target that another webhook made up": {controller: true, old: Managed(Asks("1.11")), new: Waiting(Asks("6.66"), Selects("name", "nginx", "version", "6.66")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: WaitsFor("6.66", "not yet")},
		"a message": {controller: true, old: Managed(Asks("1.11")), new: Waiting(),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: WaitsFor("1.11", "not yet")},
		"the end of a release": {controller: true, old: Managed(Lacks(bluegreen.TargetVersion)), new: Service(),
			selector: Pairs("name", "nginx", "version", "1.10")},
		"a Service that nobody could switch": {controller: true, old: Managed(ExternalName), new: Managed(ExternalName, Annotation(bluegreen.PhaseKey, "Waiting")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: Pairs(bluegreen.TargetVersion, "1.10", bluegreen.PhaseKey, "Waiting")},
		"the switch, which another webhook led elsewhere": {controller: true, old: Waiting(),
			new:      Managed(Asks("1.11"), Selects("name", "nginx", "version", "6.66")),
			selector: green, annotations: StableOn("1.11")},
		"a message, with which another webhook moves traffic": {controller: true, old: Managed(Asks("1.11")),
			new:      Waiting(Selects("name", "nginx", "version", "6.66")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: WaitsFor("1.11", "not yet")},
	})
}
