package admission

import (
	"maps"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func FuzzAdmitIsIdempotentAndNeverMovesTrafficForAnybodyButTheController(f *testing.F) {
	FuzzSeeds(f)
	f.Fuzz(func(t *testing.T, choices []byte, wild string) {
		s := Script(choices)
		write := serviceWrite{new: s.Service(wild), byController: s.Below(4) == 3}
		switch s.Below(4) {
		case 0:
		case 1: // A small edit of what is there: what happens most.
			write.old = write.new.DeepCopy()
			if len(write.old.Annotations) > 0 {
				write.old.Annotations[s.One(bluegreen.TargetVersion, bluegreen.PhaseKey, bluegreen.VersionLabel)] = s.One("1.10", "1.11", "track", wild)
			}
			if len(write.old.Spec.Selector) > 0 {
				write.old.Spec.Selector[s.One("version", "track")] = s.One("1.10", "1.11", wild)
			}
		default:
			write.old = s.Service(wild)
		}
		before := serviceWrite{old: write.old.DeepCopy(), new: write.new.DeepCopy(), byController: write.byController}
		answer := admit(write)

		if !reflect.DeepEqual(write, before) {
			t.Fatal("the write itself was changed")
		}
		if len(answer.Errors) > 0 {
			return
		}
		changesNothingElse(t, write.new, answer.Service)
		isIdempotent(t, write, answer)
		KeepsOthersAnnotations(t, write.new, answer.Service)
		managed := asks(write.new) || write.old != nil && asks(write.old)
		switch {
		case !managed:
			if !reflect.DeepEqual(answer.Service, write.new) || len(answer.Warnings) > 0 {
				t.Errorf("an unmanaged Service was touched: %+v", answer)
			}
		case write.byController:
			staysOrGoesToTheTarget(t, write, answer.Service)
			EqualMaps(t, "the controller's annotations", answer.Service.Annotations, write.new.Annotations)
		case write.old != nil:
			EqualMaps(t, "selector", answer.Service.Spec.Selector, write.old.Spec.Selector)
		default:
			carriesItsVersion(t, answer.Service)
		}
		if !write.byController && managed {
			phaseFitsTheAsk(t, write, answer.Service)
		}
	})
}

// asks reports whether a Service has one of the annotations that make it managed.
func asks(service *corev1.Service) bool {
	for _, key := range []string{"bluegreen/target-version", "bluegreen/follows", "bluegreen/preview-of"} {
		if _, set := service.Annotations[key]; set {
			return true
		}
	}
	return false
}

// staysOrGoesToTheTarget asserts that the controller moves traffic only to what is asked for, whatever became of its write.
func staysOrGoesToTheTarget(t *testing.T, write serviceWrite, admitted *corev1.Service) {
	t.Helper()
	if write.old == nil || maps.Equal(admitted.Spec.Selector, write.old.Spec.Selector) {
		return
	}
	ask := bluegreen.Read(write.old)
	EqualMaps(t, "the controller's selector", admitted.Spec.Selector, onTarget(ask, write.old))
}

// onTarget is the selector of a Service on what it asks for.
func onTarget(ask bluegreen.Service, service *corev1.Service) map[string]string {
	selector := maps.Clone(service.Spec.Selector)
	if selector == nil {
		selector = map[string]string{}
	}
	selector[ask.VersionLabel] = ask.Target
	return selector
}

// carriesItsVersion asserts that whatever is created names a version in its selector.
func carriesItsVersion(t *testing.T, created *corev1.Service) {
	t.Helper()
	ask := bluegreen.Read(created)
	if version, set := created.Spec.Selector[ask.VersionLabel]; !set || version == "" && ask.Leader == "" {
		t.Errorf("created without a version: %v", created.Spec.Selector)
	}
}

// phaseFitsTheAsk asserts that whoever waits on the phase right after an ask never reads that of before.
func phaseFitsTheAsk(t *testing.T, write serviceWrite, admitted *corev1.Service) {
	t.Helper()
	ask := bluegreen.Read(admitted)
	if !ask.Managed {
		if len(OwnAnnotations(admitted)) > 0 {
			t.Errorf("given back, but annotated: %v", admitted.Annotations)
		}
		return
	}
	if write.old != nil {
		if before := bluegreen.Read(write.old); reflect.DeepEqual(before.Options, ask.Options) {
			EqualMaps(t, "own annotations without a new ask", OwnAnnotations(admitted), OwnAnnotations(write.old))
			return
		}
	}
	want := bluegreen.Stable
	if admitted.Spec.Selector[ask.VersionLabel] != ask.Target || ask.Leader != "" {
		want = bluegreen.Waiting
	}
	if got := admitted.Annotations[bluegreen.PhaseKey]; got != string(want) {
		t.Errorf("phase %q, want %q: %v", got, want, admitted)
	}
}
