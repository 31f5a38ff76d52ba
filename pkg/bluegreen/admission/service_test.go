package admission

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
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
	write := serviceWrite{Old: a.old, New: a.new, ByController: a.controller}
	before := serviceWrite{Old: a.old.DeepCopy(), New: a.new.DeepCopy(), ByController: a.controller}
	answer := admit(write)

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
	EqualMaps(t, "selector", answer.Service.Spec.Selector, a.selector)
	EqualMaps(t, "annotations", answer.Service.Annotations, a.annotations)
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
func isIdempotent(t *testing.T, write serviceWrite, first ServiceAnswer) {
	t.Helper()
	second := admit(serviceWrite{Old: write.Old, New: first.Service, ByController: write.ByController})
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

func TestRule1BadValuesAndServicesThatCannotSwitchAreRefused(t *testing.T) {
	blue := Pairs("name", "nginx", "version", "1.10")
	otherKeys := []string{"spec.selector", "Invalid value", `all keys but "version" must stay name=nginx`, "remove that annotation in a write of its own"}
	admitAll(t, map[string]admission{
		"bad target on create": {new: Service(Asks("not a label!")),
			errors: [][]string{{"metadata.annotations[bluegreen/target-version]", `"not a label!"`, "must be a label value"}}},
		"bad target on update": {old: Managed(), new: Managed(Asks("-")),
			errors: [][]string{{"metadata.annotations[bluegreen/target-version]", `"-"`}}},
		"unknown key on update": {old: Managed(), new: Managed(Annotation("bluegreen/"+"redy", "complete")),
			errors: [][]string{{`"bluegreen/redy"`, "supported values"}}},
		"bad version label": {old: Managed(), new: Managed(Annotation(bluegreen.VersionLabel, "?")),
			errors: [][]string{{"metadata.annotations[bluegreen/version-label]", `"?"`, "must be a label key"}}},

		"ExternalName created": {new: Service(Asks("1.10"), ExternalName),
			errors: [][]string{{"spec.type", `"ExternalName"`, remedy, "use ClusterIP, NodePort or LoadBalancer, or remove the annotation"}}},
		"ExternalName adopted": {old: Service(ExternalName), new: Service(ExternalName, Asks("1.10")),
			errors: [][]string{{"spec.type", remedy}}},
		"managed, becomes ExternalName": {old: Managed(), new: Managed(ExternalName),
			errors: [][]string{{"spec.type", remedy}}},
		"selectorless created": {new: Service(Asks("1.10"), Selects()),
			errors: [][]string{{"spec.selector", "Required", remedy, "add one in a write of its own"}}},
		"selectorless adopted": {old: Service(Selects()), new: Service(Selects(), Asks("1.10")),
			errors: [][]string{{"spec.selector", "Required", remedy}}},
		"selectorless adopted, with a selector in the same write": {old: Service(Selects()), new: Service(Asks("1.10")),
			errors: [][]string{{"spec.selector", "all keys but"}, {"spec.selector", remedy, "add one in a write of its own"}}},
		"badly managed and selectorless through the back door": {old: Managed(Selects()), new: Managed(Selects(), Asks("1.11")),
			errors: [][]string{{"spec.selector", "Required"}}},

		"ExternalName on release": {old: Managed(), new: Service(ExternalName),
			errors: [][]string{{"spec.type", `"ExternalName"`, "moves no traffic: change the type in a write of its own after that"}}},
		"a version in the selector that is no label value": {old: Managed(), new: Managed(Selects("name", "nginx", "version", "a; rm x")),
			errors: [][]string{{"spec.selector[version]", `"a; rm x"`, "must be a label value"}}},

		"other key changed": {old: Managed(), new: Managed(Selects("name", "apache", "version", "1.10")), errors: [][]string{otherKeys}},
		"other key changed together with an ask": {old: Managed(), new: Managed(Asks("1.11"), Selects("name", "apache", "version", "1.11")),
			errors: [][]string{otherKeys}},
		"other key added":               {old: Managed(), new: Managed(Selects("name", "nginx", "version", "1.10", "tier", "web")), errors: [][]string{otherKeys}},
		"other key removed":             {old: Managed(), new: Managed(Selects("version", "1.10")), errors: [][]string{otherKeys}},
		"selector emptied":              {old: Managed(), new: Managed(Selects()), errors: [][]string{otherKeys}},
		"selector replaced":             {old: Managed(), new: Managed(Selects("app", "apache")), errors: [][]string{otherKeys}},
		"other key changed on adoption": {old: Service(), new: Managed(Selects("name", "apache", "version", "1.10")), errors: [][]string{otherKeys}},
		"other key changed on release": {old: Managed(), new: Service(Selects("name", "apache", "version", "1.10")),
			errors: [][]string{otherKeys}},
		"selector replaced on release, under another version label": {
			old:    Managed(Annotation(bluegreen.VersionLabel, "name"), Selects("name", "nginx", "version", "1.10"), Asks("nginx")),
			new:    Service(Selects("name", "nginx", "version", "1.11")),
			errors: [][]string{{`all keys but "name" must stay version=1.10`}}},
		"a key that is the version's only under the label of before": {old: Managed(),
			new:    Managed(Annotation(bluegreen.VersionLabel, "name"), Selects("name", "nginx", "version", "1.11")),
			errors: [][]string{{`all keys but "name" must stay version=1.10`}}},

		"a nil selector beside an empty one is no change": {old: Service(), new: Service(Annotation("example.org/a", "b")),
			selector: blue, annotations: Pairs("example.org/a", "b")},
	})
}

func TestRule2CreationServesWhatItNamesAndComputesOwnAnnotationsAnew(t *testing.T) {
	admitAll(t, map[string]admission{
		"with the target in the selector": {new: Service(Asks("1.10")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: StableOn("1.10")},
		"without the version key": {new: Service(Asks("1.10"), Selects("name", "nginx")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: StableOn("1.10")},
		"with another version: that is pending": {new: Service(Asks("1.11")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: WaitsFor("1.11", asked)},
		"with a version label of its own": {new: Service(Asks("green"), Annotation(bluegreen.VersionLabel, "track"), Selects("name", "nginx")),
			selector:    Pairs("name", "nginx", "track", "green"),
			annotations: Pairs(bluegreen.TargetVersion, "green", bluegreen.VersionLabel, "track", bluegreen.PhaseKey, "Stable")},
		"a restored backup of a Service that had just switched": {new: Managed(Annotation(bluegreen.PhaseKey, "Waiting"), Annotation(bluegreen.MessageKey, "old news")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: StableOn("1.10"),
			warnings: []string{inVain(bluegreen.PhaseKey, "Waiting"), inVain(bluegreen.MessageKey, "old news")}},
		"a restored backup of a Service at rest": {new: Managed(),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: StableOn("1.10")},
		"others' annotations stay": {new: Service(Asks("1.10"), Annotation("example.org/a", "b")),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: Pairs(bluegreen.TargetVersion, "1.10", bluegreen.PhaseKey, "Stable", "example.org/a", "b")},
		"headless": {new: Service(Asks("1.10"), func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }),
			selector: Pairs("name", "nginx", "version", "1.10"), annotations: StableOn("1.10")},
	})
}
