package admission

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// serviceCase is a write and what becomes of it. Without errors, annotations and selector are compared as a whole.
type serviceCase struct {
	old, new     *corev1.Service
	byController bool
	selector     map[string]string
	annotations  map[string]string
	warnings     []string
	errors       [][]string // of each error, what it says
}

func admitAll(t *testing.T, tests map[string]serviceCase) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test.run(t) })
	}
}

func (test serviceCase) run(t *testing.T) {
	t.Helper()
	write := serviceWrite{old: test.old, new: test.new, byController: test.byController}
	before := serviceWrite{old: test.old.DeepCopy(), new: test.new.DeepCopy(), byController: test.byController}
	answer := admit(write)

	if !reflect.DeepEqual(write, before) {
		t.Error("the write itself was changed")
	}
	if !slices.Equal(answer.Warnings, test.warnings) {
		t.Errorf("warnings:\n got %q\nwant %q", answer.Warnings, test.warnings)
	}
	if len(answer.Errors) != len(test.errors) {
		t.Fatalf("got %d errors, want %d: %v", len(answer.Errors), len(test.errors), answer.Errors)
	}
	for i, parts := range test.errors {
		for _, part := range parts {
			if !strings.Contains(answer.Errors[i].Error(), part) {
				t.Errorf("error %d does not say %q: %v", i, part, answer.Errors[i])
			}
		}
	}
	if len(test.errors) > 0 {
		return
	}
	EqualMaps(t, "selector", answer.Service.Spec.Selector, test.selector)
	EqualMaps(t, "annotations", answer.Service.Annotations, test.annotations)
	changesNothingElse(t, test.new, answer.Service)
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
func isIdempotent(t *testing.T, write serviceWrite, first serviceAnswer) {
	t.Helper()
	second := admit(serviceWrite{old: write.old, new: first.Service, byController: write.byController})
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
	asked   = "Asked to move from version 1.10 to version 1.11: waiting for the controller to look at it"
	heldAsk = "bluegreen: spec.selector[version]: traffic stays on version 1.10 until version 1.11 is ready, then bluegreen moves it; " +
		"to wait for that: kubectl wait service/nginx -n shop --for=jsonpath='{.spec.selector.version}'=1.11 --timeout=10m"
	givenBack = "bluegreen: bluegreen/target-version removed: bluegreen no longer manages this Service; " +
		"traffic stays on version 1.10, and from now on every change of spec.selector moves it at once"
	remedy = "a Service with bluegreen/target-version needs a selector to switch: "
)

// inVain is the warning about an own annotation of bluegreen's.
func inVain(key, value string) string {
	return "bluegreen: metadata.annotations[" + key + `]: is written by bluegreen alone; "` + value + `" is not stored`
}

// wasGivenUp is the warning about a selector that asks for what was given up.
func wasGivenUp(phase string) string {
	return "bluegreen: spec.selector[version]: traffic stays on version 1.10, because version 1.11 was given up (phase " + phase +
		"), and bluegreen/message tells why; to try again, change bluegreen/retry"
}

// noAsk is the warning about a selector that is no ask, while target is the target.
func noAsk(target, wanted string) string {
	return `bluegreen: spec.selector[version]: traffic stays on version 1.10, because only bluegreen/target-version (now "` + target +
		`") moves it; to switch: kubectl annotate service nginx -n shop bluegreen/target-version=` + wanted + " --overwrite"
}
