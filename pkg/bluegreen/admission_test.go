package bluegreen

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// admission is a write and what becomes of it. Without errors, annotations and selector are compared as a whole.
type admission struct {
	old, new    *corev1.Service
	controller  bool
	selector    map[string]string
	annotations map[string]string
	warnings    []string
	errors      [][]string // of each error, what it says
}

func admitAll(t *testing.T, tests map[string]admission) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test.run(t) })
	}
}

func (a admission) run(t *testing.T) {
	t.Helper()
	write := Write{Old: a.old, New: a.new, ByController: a.controller}
	before := Write{Old: a.old.DeepCopy(), New: a.new.DeepCopy(), ByController: a.controller}
	answer := Admit(write)

	if !reflect.DeepEqual(write, before) {
		t.Error("the write itself was changed")
	}
	if !slices.Equal(answer.Warnings, a.warnings) {
		t.Errorf("warnings:\n got %q\nwant %q", answer.Warnings, a.warnings)
	}
	if len(answer.Errors) != len(a.errors) {
		t.Fatalf("got %d errors, want %d: %v", len(answer.Errors), len(a.errors), answer.Errors)
	}
	for i, parts := range a.errors {
		for _, part := range parts {
			if !strings.Contains(answer.Errors[i].Error(), part) {
				t.Errorf("error %d does not say %q: %v", i, part, answer.Errors[i])
			}
		}
	}
	if len(a.errors) > 0 {
		return
	}
	equalMaps(t, "selector", answer.Service.Spec.Selector, a.selector)
	equalMaps(t, "annotations", answer.Service.Annotations, a.annotations)
	changesNothingElse(t, a.new, answer.Service)
	isIdempotent(t, write, answer)
}

// changesNothingElse compares all but annotations, selector and managed fields.
func changesNothingElse(t *testing.T, wanted, admitted *corev1.Service) {
	t.Helper()
	rest := admitted.DeepCopy()
	rest.Annotations, rest.Spec.Selector, rest.ManagedFields = wanted.Annotations, wanted.Spec.Selector, wanted.ManagedFields
	if !reflect.DeepEqual(rest, wanted) {
		t.Errorf("more than annotations, selector and managed fields changed:\n got %v\nwant %v", rest, wanted)
	}
}

// isIdempotent admits an answer again, as a reinvocation does.
func isIdempotent(t *testing.T, write Write, first Answer) {
	t.Helper()
	second := Admit(Write{Old: write.Old, New: first.Service, ByController: write.ByController})
	if !reflect.DeepEqual(second.Service, first.Service) {
		t.Errorf("not idempotent:\n got %v\nthen %v", first.Service, second.Service)
	}
	if len(second.Errors) > 0 {
		t.Errorf("its own answer is refused: %v", second.Errors)
	}
	for _, warning := range second.Warnings {
		if strings.Contains(warning, "is written by bluegreen alone") || !slices.Contains(first.Warnings, warning) {
			t.Errorf("its own answer makes it warn: %s", warning)
		}
	}
}

const (
	asked    = "Asked to move from version 1.10 to version 1.11: waiting for the controller to look at it"
	heldAsk  = "bluegreen: spec.selector[version]: traffic stays on version 1.10 until version 1.11 is ready, then bluegreen moves it; to wait for that: kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.version}'=1.11 --timeout=10m"
	released = "bluegreen: bluegreen/target-version removed: bluegreen no longer manages this Service; traffic stays on version 1.10, and from now on every change of spec.selector moves it at once"
	remedy   = "a Service with bluegreen/target-version needs a selector to switch: "
)

// inVain is the warning about an own annotation of bluegreen's.
func inVain(key, value string) string {
	return "bluegreen: metadata.annotations[" + key + `]: is written by bluegreen alone; "` + value + `" is not stored`
}

// held is the warning about a selector that is no ask, while target is the target.
func held(target, wanted string) string {
	return `bluegreen: spec.selector[version]: traffic stays on version 1.10, because only bluegreen/target-version (now "` + target +
		`") moves it; to switch: kubectl annotate service nginx -n shop bluegreen/target-version=` + wanted + " --overwrite"
}

func stable(target string) map[string]string {
	return pairs(TargetVersion, target, PhaseKey, "Stable")
}

func waits(target, message string) map[string]string {
	return pairs(TargetVersion, target, PhaseKey, "Waiting", MessageKey, message)
}

func TestRule1BadValuesAndServicesThatCannotSwitchAreRefused(t *testing.T) {
	blue := pairs("name", "nginx", "version", "1.10")
	otherKeys := []string{"spec.selector", "Invalid value", `all keys but "version" must stay name=nginx`, "remove that annotation in a write of its own"}
	admitAll(t, map[string]admission{
		"bad target on create": {new: service(asks("not a label!")),
			errors: [][]string{{"metadata.annotations[bluegreen/target-version]", `"not a label!"`, "must be a label value"}}},
		"bad target on update": {old: managed(), new: managed(asks("-")),
			errors: [][]string{{"metadata.annotations[bluegreen/target-version]", `"-"`}}},
		"unknown key on update": {old: managed(), new: managed(annotation(prefix+"redy", "complete")),
			errors: [][]string{{`"bluegreen/redy"`, "supported values"}}},
		"bad version label": {old: managed(), new: managed(annotation(VersionLabel, "?")),
			errors: [][]string{{"metadata.annotations[bluegreen/version-label]", `"?"`, "must be a label key"}}},

		"ExternalName created": {new: service(asks("1.10"), externalName),
			errors: [][]string{{"spec.type", `"ExternalName"`, remedy, "use ClusterIP, NodePort or LoadBalancer, or remove the annotation"}}},
		"ExternalName adopted": {old: service(externalName), new: service(externalName, asks("1.10")),
			errors: [][]string{{"spec.type", remedy}}},
		"managed, becomes ExternalName": {old: managed(), new: managed(externalName),
			errors: [][]string{{"spec.type", remedy}}},
		"selectorless created": {new: service(asks("1.10"), selects()),
			errors: [][]string{{"spec.selector", "Required", remedy, "add one in a write of its own"}}},
		"selectorless adopted": {old: service(selects()), new: service(selects(), asks("1.10")),
			errors: [][]string{{"spec.selector", "Required", remedy}}},
		"selectorless adopted, with a selector in the same write": {old: service(selects()), new: service(asks("1.10")),
			errors: [][]string{{"spec.selector", "all keys but"}, {"spec.selector", remedy, "add one in a write of its own"}}},
		"badly managed and selectorless through the back door": {old: managed(selects()), new: managed(selects(), asks("1.11")),
			errors: [][]string{{"spec.selector", "Required"}}},

		"ExternalName on release": {old: managed(), new: service(externalName),
			errors: [][]string{{"spec.type", `"ExternalName"`, "moves no traffic: change the type in a write of its own after that"}}},
		"a version in the selector that is no label value": {old: managed(), new: managed(selects("name", "nginx", "version", "a; rm x")),
			errors: [][]string{{"spec.selector[version]", `"a; rm x"`, "must be a label value"}}},

		"other key changed": {old: managed(), new: managed(selects("name", "apache", "version", "1.10")), errors: [][]string{otherKeys}},
		"other key changed together with an ask": {old: managed(), new: managed(asks("1.11"), selects("name", "apache", "version", "1.11")),
			errors: [][]string{otherKeys}},
		"other key added":               {old: managed(), new: managed(selects("name", "nginx", "version", "1.10", "tier", "web")), errors: [][]string{otherKeys}},
		"other key removed":             {old: managed(), new: managed(selects("version", "1.10")), errors: [][]string{otherKeys}},
		"selector emptied":              {old: managed(), new: managed(selects()), errors: [][]string{otherKeys}},
		"selector replaced":             {old: managed(), new: managed(selects("app", "apache")), errors: [][]string{otherKeys}},
		"other key changed on adoption": {old: service(), new: managed(selects("name", "apache", "version", "1.10")), errors: [][]string{otherKeys}},
		"other key changed on release": {old: managed(), new: service(selects("name", "apache", "version", "1.10")),
			errors: [][]string{otherKeys}},
		"selector replaced on release, under another version label": {
			old:    managed(annotation(VersionLabel, "name"), selects("name", "nginx", "version", "1.10"), asks("nginx")),
			new:    service(selects("name", "nginx", "version", "1.11")),
			errors: [][]string{{`all keys but "name" must stay version=1.10`}}},
		"a key that is the version's only under the label of before": {old: managed(),
			new:    managed(annotation(VersionLabel, "name"), selects("name", "nginx", "version", "1.11")),
			errors: [][]string{{`all keys but "name" must stay version=1.10`}}},

		"a nil selector beside an empty one is no change": {old: service(), new: service(annotation("example.org/a", "b")),
			selector: blue, annotations: pairs("example.org/a", "b")},
	})
}

func TestRule2CreationServesWhatItNamesAndComputesOwnAnnotationsAnew(t *testing.T) {
	admitAll(t, map[string]admission{
		"with the target in the selector": {new: service(asks("1.10")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: stable("1.10")},
		"without the version key": {new: service(asks("1.10"), selects("name", "nginx")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: stable("1.10")},
		"with another version: that is pending": {new: service(asks("1.11")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: waits("1.11", asked)},
		"with a version label of its own": {new: service(asks("green"), annotation(VersionLabel, "track"), selects("name", "nginx")),
			selector:    pairs("name", "nginx", "track", "green"),
			annotations: pairs(TargetVersion, "green", VersionLabel, "track", PhaseKey, "Stable")},
		"a restored backup of a Service that had just switched": {new: managed(annotation(PhaseKey, "Waiting"), annotation(MessageKey, "old news")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: stable("1.10"),
			warnings: []string{inVain(PhaseKey, "Waiting"), inVain(MessageKey, "old news")}},
		"a restored backup of a Service at rest": {new: managed(),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: stable("1.10")},
		"others' annotations stay": {new: service(asks("1.10"), annotation("example.org/a", "b")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: pairs(TargetVersion, "1.10", PhaseKey, "Stable", "example.org/a", "b")},
		"headless": {new: service(asks("1.10"), func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: stable("1.10")},
	})
}

func TestRule3UpdatesKeepTheSelectorAndPhaseFollowsTheAsk(t *testing.T) {
	blue := pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"asked in the annotation alone": {old: managed(), new: managed(asks("1.11")),
			selector: blue, annotations: waits("1.11", asked)},
		"asked in both places": {old: managed(), new: managed(asks("1.11"), selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: waits("1.11", asked), warnings: []string{heldAsk}},
		"asked by a manifest without the version key": {old: managed(), new: managed(asks("1.11"), selects("name", "nginx")),
			selector: blue, annotations: waits("1.11", asked)},
		"a manifest without the version key, applied again": {old: managed(), new: managed(selects("name", "nginx")),
			selector: blue, annotations: stable("1.10")},
		"a manifest without bluegreen's own annotations, replaced": {old: waiting(), new: waiting(lacks(PhaseKey, MessageKey)),
			selector: blue, annotations: waits("1.11", "not yet")},
		"the selector is no ask": {old: managed(), new: managed(selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: stable("1.10"), warnings: []string{held("1.10", "1.11")}},
		"the selector is no ask while a switch is pending either": {old: waiting(), new: waiting(selects("name", "nginx", "version", "1.12")),
			selector: blue, annotations: waits("1.11", "not yet"), warnings: []string{held("1.11", "1.12")}},
		"both places, applied again while it is pending": {old: waiting(), new: waiting(selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: waits("1.11", "not yet"), warnings: []string{heldAsk}},
		"an old manifest, applied again after the switch": {
			old:      service(asks("1.11"), selects("name", "nginx", "version", "1.11"), annotation(PhaseKey, "Stable")),
			new:      service(asks("1.11"), selects("name", "nginx", "version", "1.10"), annotation(PhaseKey, "Stable")),
			selector: pairs("name", "nginx", "version", "1.11"), annotations: stable("1.11"),
			warnings: []string{strings.Replace(held("1.11", "1.10"), "stays on version 1.10", "stays on version 1.11", 1)}},
		"withdrawn": {old: waiting(), new: waiting(asks("1.10")),
			selector: blue, annotations: stable("1.10")},
		"withdrawn in both places": {old: waiting(), new: waiting(asks("1.10"), selects("name", "nginx", "version", "1.10")),
			selector: blue, annotations: stable("1.10")},
		"asked for something newer": {old: waiting(), new: waiting(asks("1.12")),
			selector: blue, annotations: waits("1.12", strings.Replace(asked, "1.11", "1.12", 1))},
		"version label changed": {old: managed(), new: managed(annotation(VersionLabel, "track"), asks("green")), selector: blue,
			annotations: pairs(TargetVersion, "green", VersionLabel, "track", PhaseKey, "Waiting", MessageKey,
				"Asked to move from selector name=nginx,version=1.10 to version green: waiting for the controller to look at it")},
		"version label changed, its key in the selector": {old: managed(),
			new:      managed(annotation(VersionLabel, "app.example.org/track"), asks("green"), selects("name", "nginx", "version", "1.10", "app.example.org/track", "green")),
			selector: blue,
			annotations: pairs(TargetVersion, "green", VersionLabel, "app.example.org/track", PhaseKey, "Waiting", MessageKey,
				"Asked to move from selector name=nginx,version=1.10 to version green: waiting for the controller to look at it"),
			warnings: []string{`bluegreen: spec.selector[app.example.org/track]: traffic stays on selector name=nginx,version=1.10 until version green is ready, then bluegreen moves it; to wait for that: kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.app\.example\.org/track}'=green --timeout=10m`}},
		"version label changed to a key that carries something else": {old: managed(), new: managed(annotation(VersionLabel, "name")), selector: blue,
			annotations: pairs(TargetVersion, "1.10", VersionLabel, "name", PhaseKey, "Waiting", MessageKey,
				"Asked to move from version nginx to version 1.10: waiting for the controller to look at it")},
		"an unrelated write while the webhook is asked anyway": {old: waiting(), new: waiting(annotation("example.org/a", "b")), selector: blue,
			annotations: pairs(TargetVersion, "1.11", PhaseKey, "Waiting", MessageKey, "not yet", "example.org/a", "b")},
		"a Service that the webhook never saw": {old: service(asks("1.11")), new: service(asks("1.11"), annotation("example.org/a", "b")),
			selector: blue, annotations: pairs(TargetVersion, "1.11", "example.org/a", "b")},
	})
}

func TestRule3OwnAnnotationsAreBluegreensAlone(t *testing.T) {
	blue := pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"edited": {old: waiting(), new: waiting(annotation(PhaseKey, "Stable"), annotation(MessageKey, "all well")),
			selector: blue, annotations: waits("1.11", "not yet"), warnings: []string{inVain(PhaseKey, "Stable"), inVain(MessageKey, "all well")}},
		"emptied": {old: waiting(), new: waiting(annotation(MessageKey, "")),
			selector: blue, annotations: waits("1.11", "not yet"), warnings: []string{inVain(MessageKey, "")}},
		"deleted": {old: waiting(), new: waiting(lacks(PhaseKey, MessageKey)),
			selector: blue, annotations: waits("1.11", "not yet")},
		"added": {old: managed(), new: managed(annotation(MessageKey, "hello")),
			selector: blue, annotations: stable("1.10"), warnings: []string{inVain(MessageKey, "hello")}},
		"edited together with an ask": {old: managed(), new: managed(asks("1.11"), annotation(PhaseKey, "Failed")),
			selector: blue, annotations: waits("1.11", asked), warnings: []string{inVain(PhaseKey, "Failed")}},
		"added with the adoption": {old: service(), new: managed(annotation(PhaseKey, "Waiting")),
			selector: blue, annotations: stable("1.10"), warnings: []string{inVain(PhaseKey, "Waiting")}},
	})
}

func TestRule3TheControllersWritePassesThrough(t *testing.T) {
	green := pairs("name", "nginx", "version", "1.11")
	admitAll(t, map[string]admission{
		"the switch": {controller: true, old: waiting(), new: managed(asks("1.11"), selects("name", "nginx", "version", "1.11")),
			selector: green, annotations: stable("1.11")},
		"a message and a target that another webhook made up": {controller: true, old: managed(asks("1.11")), new: waiting(asks("6.66"), selects("name", "nginx", "version", "6.66")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: waits("6.66", "not yet")},
		"a message": {controller: true, old: managed(asks("1.11")), new: waiting(),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: waits("1.11", "not yet")},
		"the end of a release": {controller: true, old: managed(lacks(TargetVersion)), new: service(),
			selector: pairs("name", "nginx", "version", "1.10")},
		"a Service that nobody could switch": {controller: true, old: managed(externalName), new: managed(externalName, annotation(PhaseKey, "Waiting")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: pairs(TargetVersion, "1.10", PhaseKey, "Waiting")},
		"the switch, which another webhook led elsewhere": {controller: true, old: waiting(),
			new:      managed(asks("1.11"), selects("name", "nginx", "version", "6.66")),
			selector: green, annotations: stable("1.11")},
		"a message, with which another webhook moves traffic": {controller: true, old: managed(asks("1.11")),
			new:      waiting(selects("name", "nginx", "version", "6.66")),
			selector: pairs("name", "nginx", "version", "1.10"), annotations: waits("1.11", "not yet")},
	})
}

func TestRule4AdoptionMovesNoTraffic(t *testing.T) {
	blue := pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"on the version that serves": {old: service(), new: service(asks("1.10")),
			selector: blue, annotations: stable("1.10")},
		"with an ask": {old: service(), new: service(asks("1.11")),
			selector: blue, annotations: waits("1.11", asked)},
		"with an ask in both places": {old: service(), new: service(asks("1.11"), selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: waits("1.11", asked), warnings: []string{heldAsk}},
		"with a selector edit that is no ask": {old: service(), new: service(asks("1.10"), selects("name", "nginx", "version", "1.11")),
			selector: blue, annotations: stable("1.10"), warnings: []string{held("1.10", "1.11")}},
		"of a selector without the version key": {old: service(selects("name", "nginx")), new: service(selects("name", "nginx"), asks("1.10")),
			selector:    pairs("name", "nginx"),
			annotations: waits("1.10", "Asked to move from selector name=nginx to version 1.10: waiting for the controller to look at it")},
		"of a selector without the version key, which the manifest has": {old: service(selects("name", "nginx")), new: service(asks("1.10")),
			selector:    pairs("name", "nginx"),
			annotations: waits("1.10", "Asked to move from selector name=nginx to version 1.10: waiting for the controller to look at it"),
			warnings: []string{"bluegreen: spec.selector[version]: traffic stays on selector name=nginx until version 1.10 is ready, then bluegreen moves it; to wait for that: " +
				"kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.version}'=1.10 --timeout=10m"}},
	})
}

func TestRule5ReleaseMovesNoTrafficEither(t *testing.T) {
	blue := pairs("name", "nginx", "version", "1.10")
	admitAll(t, map[string]admission{
		"at rest": {old: managed(), new: managed(lacks(TargetVersion)),
			selector: blue, warnings: []string{released}},
		"while a switch is pending": {old: waiting(), new: waiting(lacks(TargetVersion)),
			selector: blue, warnings: []string{released}},
		"with a selector change in the same write": {old: waiting(), new: service(selects("name", "nginx", "version", "1.11")),
			selector: blue, warnings: []string{released}},
		"with a selector that lost its version in the same write": {old: managed(), new: service(selects("name", "nginx")),
			selector: blue, warnings: []string{released}},
		"others' annotations stay": {old: managed(annotation("example.org/a", "b")), new: service(annotation("example.org/a", "b")),
			selector: blue, annotations: pairs("example.org/a", "b"), warnings: []string{released}},
		"of a Service with a bad value": {old: service(asks("?")), new: service(),
			selector: blue, warnings: []string{released}},
		"of one without a selector": {old: managed(selects()), new: service(selects()),
			warnings: []string{strings.Replace(released, "version 1.10", "selector <none>", 1)}},
	})
}

func TestUnmanagedServicesAreUntouchedToTheByte(t *testing.T) {
	entry := update("kubectl", `{"f:spec":{"f:selector":{}}}`)
	for name, write := range map[string]Write{
		"created":              {New: service(owned(entry))},
		"created selectorless": {New: service(selects())},
		"moved":                {Old: service(), New: service(selects("app", "apache"), owned(entry))},
		"emptied":              {Old: service(), New: service(selects(), owned(entry))},
		"with our keys but no ask": {Old: service(), New: service(annotation(PhaseKey, "mine"), annotation(MessageKey, ""),
			annotation(VersionLabel, "??"), annotation(prefix+"other", "x"), selects("a", "b"), owned(entry))},
		"ExternalName": {Old: service(), New: service(externalName)},
	} {
		t.Run(name, func(t *testing.T) {
			answer := Admit(write)
			if !reflect.DeepEqual(answer.Service, write.New) || len(answer.Warnings) > 0 || len(answer.Errors) > 0 {
				t.Errorf("got %+v", answer)
			}
		})
	}
}

func TestEveryWarningAboutASelectorThatIsNoAskEndsInACommandThatSwitches(t *testing.T) {
	answer := Admit(Write{Old: managed(), New: managed(selects("name", "nginx", "version", "1.11"))})
	words := strings.Fields(answer.Warnings[0])
	command := words[slices.Index(words, "kubectl"):]
	want := []string{"kubectl", "annotate", "service", "nginx", "-n", "shop", "bluegreen/target-version=1.11", "--overwrite"}
	if !slices.Equal(command, want) {
		t.Fatalf("got %q", command)
	}
	key, version, _ := strings.Cut(command[6], "=")
	after := Admit(Write{Old: managed(), New: managed(annotation(key, version))}).Service
	action := Decide(Observe(after, []*appsv1.Deployment{deployment("1.11")}))
	equalMaps(t, "selector", action.Service.Spec.Selector, pairs("name", "nginx", "version", "1.11"))
}

func TestPlainlySpelledManifestsAllThreeReachTheSameCluster(t *testing.T) {
	manifests := map[string]serviceOption{
		"both places":     selects("name", "nginx", "version", "1.11"),
		"annotation only": selects("name", "nginx", "version", "1.10"),
		"no version key":  selects("name", "nginx"),
	}
	for name, manifest := range manifests {
		t.Run(name, func(t *testing.T) {
			stored := Admit(Write{Old: managed(), New: managed(asks("1.11"), manifest)}).Service
			action := Decide(Observe(stored, []*appsv1.Deployment{deployment("1.11")}))
			switched := Admit(Write{Old: stored, New: action.Service, ByController: true}).Service
			again := Admit(Write{Old: switched, New: service(asks("1.11"), manifest, annotation(PhaseKey, "Stable"))}).Service
			equalMaps(t, "selector", again.Spec.Selector, pairs("name", "nginx", "version", "1.11"))
			equalMaps(t, "annotations", again.Annotations, stable("1.11"))
			if !maps.Equal(switched.Annotations, again.Annotations) {
				t.Error("applying it again is no no-op")
			}
		})
	}
}
