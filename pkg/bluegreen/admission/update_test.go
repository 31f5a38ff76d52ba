package admission

import (
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule3UpdatesKeepTheSelectorAndPhaseFollowsTheAsk(t *testing.T) {
	blue := PodsOf("1.10")
	admitAll(t, map[string]serviceCase{
		"asked in the annotation alone": {
			old:         Managed(),
			new:         Managed(Asks("1.11")),
			selector:    blue,
			annotations: WaitingFor("1.11", asked),
		},
		"asked in both places": {
			old:         Managed(),
			new:         OnGreen(),
			selector:    blue,
			annotations: WaitingFor("1.11", asked),
			warnings:    []string{heldAsk},
		},
		"asked by a manifest without the version key": {
			old:         Managed(),
			new:         Managed(Asks("1.11"), Selects("name", "nginx")),
			selector:    blue,
			annotations: WaitingFor("1.11", asked),
		},
		"a manifest without the version key, applied again": {
			old:         Managed(),
			new:         Managed(Selects("name", "nginx")),
			selector:    blue,
			annotations: StableOn("1.10"),
		},
		"a manifest without bluegreen's own annotations, replaced": {
			old:         Waiting(),
			new:         Waiting(Lacks(bluegreen.PhaseKey, bluegreen.MessageKey)),
			selector:    blue,
			annotations: WaitingFor("1.11", "not yet"),
		},
		"the selector is no ask": {
			old:         Managed(),
			new:         Managed(SelectsVersion("1.11")),
			selector:    blue,
			annotations: StableOn("1.10"),
			warnings:    []string{noAsk("1.10", "1.11")},
		},
		"the selector is no ask while a switch is pending either": {
			old:         Waiting(),
			new:         Waiting(SelectsVersion("1.12")),
			selector:    blue,
			annotations: WaitingFor("1.11", "not yet"),
			warnings:    []string{noAsk("1.11", "1.12")},
		},
		"both places, applied again while it is pending": {
			old:         Waiting(),
			new:         Waiting(SelectsVersion("1.11")),
			selector:    blue,
			annotations: WaitingFor("1.11", "not yet"),
			warnings:    []string{heldAsk},
		},
		"an old manifest, applied again after the switch": {
			old:         Service(Asks("1.11"), SelectsVersion("1.11"), Annotation(bluegreen.PhaseKey, "Stable")),
			new:         Service(Asks("1.11"), SelectsVersion("1.10"), Annotation(bluegreen.PhaseKey, "Stable")),
			selector:    PodsOf("1.11"),
			annotations: StableOn("1.11"),
			warnings:    []string{strings.Replace(noAsk("1.11", "1.10"), "stays on version 1.10", "stays on version 1.11", 1)},
		},
		"withdrawn": {
			old:         Waiting(),
			new:         Waiting(Asks("1.10")),
			selector:    blue,
			annotations: StableOn("1.10"),
		},
		"withdrawn in both places": {
			old:         Waiting(),
			new:         Waiting(Asks("1.10"), SelectsVersion("1.10")),
			selector:    blue,
			annotations: StableOn("1.10"),
		},
		"asked for something newer": {
			old:         Waiting(),
			new:         Waiting(Asks("1.12")),
			selector:    blue,
			annotations: WaitingFor("1.12", strings.Replace(asked, "1.11", "1.12", 1)),
		},
		"version label changed": {
			old:      Managed(),
			new:      Managed(Annotation(bluegreen.VersionLabel, "track"), Asks("green")),
			selector: blue,
			annotations: waitingBy("track", "green",
				"Asked to move from selector name=nginx,version=1.10 to version green: waiting for the controller to look at it"),
		},
		"version label changed, its key in the selector": {
			old: Managed(),
			new: Managed(Annotation(bluegreen.VersionLabel, "app.example.org/track"), Asks("green"),
				Selects("name", "nginx", "version", "1.10", "app.example.org/track", "green")),
			selector: blue,
			annotations: waitingBy("app.example.org/track", "green",
				"Asked to move from selector name=nginx,version=1.10 to version green: waiting for the controller to look at it"),
			warnings: []string{"bluegreen: spec.selector[app.example.org/track]: traffic stays on selector name=nginx,version=1.10 " +
				"until version green is ready, then bluegreen moves it; to wait for that: " +
				`kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.app\.example\.org/track}'=green --timeout=10m`},
		},
		"version label changed to a key that carries something else": {
			old:      Managed(),
			new:      Managed(Annotation(bluegreen.VersionLabel, "name")),
			selector: blue,
			annotations: waitingBy("name", "1.10",
				"Asked to move from version nginx to version 1.10: waiting for the controller to look at it"),
		},
		"an unrelated write while the webhook is asked anyway": {
			old:      Waiting(),
			new:      Waiting(Annotation("example.org/a", "b")),
			selector: blue,
			annotations: Pairs(bluegreen.TargetVersion, "1.11", bluegreen.PhaseKey, "Waiting", bluegreen.MessageKey, "not yet",
				"example.org/a", "b"),
		},
		"a Service that the webhook never saw": {
			old:         Service(Asks("1.11")),
			new:         Service(Asks("1.11"), Annotation("example.org/a", "b")),
			selector:    blue,
			annotations: Pairs(bluegreen.TargetVersion, "1.11", "example.org/a", "b"),
		},
	})
}

// waitingBy is WaitingFor a Service with a version label of its own.
func waitingBy(label, target, why string) map[string]string {
	annotations := WaitingFor(target, why)
	annotations[bluegreen.VersionLabel] = label
	return annotations
}
