package ladder

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestEveryWarningAboutASelectorThatIsNoAskEndsInACommandThatSwitches(t *testing.T) {
	answer := admit(serviceWrite{old: Managed(), new: Managed(SelectsVersion("1.11"))})
	words := strings.Fields(answer.Warnings[0])
	command := words[slices.Index(words, "kubectl"):]
	want := []string{"kubectl", "annotate", "service", "nginx", "-n", "shop", "bluegreen/target-version=1.11", "--overwrite"}
	if !slices.Equal(command, want) {
		t.Fatalf("got %q", command)
	}
	key, version, _ := strings.Cut(command[6], "=")
	after := admitted(t, serviceWrite{old: Managed(), new: Managed(Annotation(key, version))})
	action := decide(after, Deployment("1.11"))
	EqualMaps(t, "selector", action.Service.Spec.Selector, PodsOf("1.11"))
}

func TestPlainlySpelledManifestsAllThreeReachTheSameCluster(t *testing.T) {
	manifests := map[string]ServiceOption{
		"both places":     SelectsVersion("1.11"),
		"annotation only": SelectsVersion("1.10"),
		"no version key":  Selects("name", "nginx"),
	}
	for name, manifest := range manifests {
		t.Run(name, func(t *testing.T) {
			stored := admitted(t, serviceWrite{old: Managed(), new: Managed(Asks("1.11"), manifest)})
			action := decide(stored, Deployment("1.11"))
			switched := admitted(t, serviceWrite{old: stored, new: action.Service, byController: true})
			applied := Service(Asks("1.11"), manifest, Annotation(bluegreen.PhaseKey, "Stable"))
			again := admitted(t, serviceWrite{old: switched, new: applied})
			EqualMaps(t, "selector", again.Spec.Selector, PodsOf("1.11"))
			EqualMaps(t, "annotations", Unrecorded(again), StableOn("1.11"))
			if !maps.Equal(switched.Annotations, again.Annotations) {
				t.Error("applying it again is no no-op")
			}
		})
	}
}
