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
		write := serviceWrite{New: s.Service(wild), ByController: s.Below(4) == 3}
		switch s.Below(4) {
		case 0:
		case 1: // A small edit of what is there: what happens most.
			write.Old = write.New.DeepCopy()
			if len(write.Old.Annotations) > 0 {
				write.Old.Annotations[s.One(bluegreen.TargetVersion, bluegreen.PhaseKey, bluegreen.VersionLabel)] = s.One("1.10", "1.11", "track", wild)
			}
			if len(write.Old.Spec.Selector) > 0 {
				write.Old.Spec.Selector[s.One("version", "track")] = s.One("1.10", "1.11", wild)
			}
		default:
			write.Old = s.Service(wild)
		}
		before := serviceWrite{Old: write.Old.DeepCopy(), New: write.New.DeepCopy(), ByController: write.ByController}
		answer := admit(write)

		if !reflect.DeepEqual(write, before) {
			t.Fatal("the write itself was changed")
		}
		if len(answer.Errors) > 0 {
			return
		}
		changesNothingElse(t, write.New, answer.Service)
		isIdempotent(t, write, answer)
		keepsOthersAnnotations(t, write.New, answer.Service)
		_, asks := write.New.Annotations[bluegreen.TargetVersion]
		managed := asks
		if write.Old != nil {
			_, asked := write.Old.Annotations[bluegreen.TargetVersion]
			managed = managed || asked
		}
		switch {
		case !managed:
			if !reflect.DeepEqual(answer.Service, write.New) || len(answer.Warnings) > 0 {
				t.Errorf("an unmanaged Service was touched: %+v", answer)
			}
		case write.ByController:
			staysOrGoesToTheTarget(t, write, answer.Service)
			EqualMaps(t, "the controller's annotations", answer.Service.Annotations, write.New.Annotations)
		case write.Old != nil:
			EqualMaps(t, "selector", answer.Service.Spec.Selector, write.Old.Spec.Selector)
		default:
			carriesItsVersion(t, answer.Service)
		}
		if !write.ByController && managed {
			phaseFitsTheAsk(t, write, answer.Service)
		}
	})
}

func keepsOthersAnnotations(t *testing.T, wanted, admitted *corev1.Service) {
	t.Helper()
	strip := func(annotations map[string]string) map[string]string {
		rest := maps.Clone(annotations)
		delete(rest, bluegreen.PhaseKey)
		delete(rest, bluegreen.MessageKey)
		return rest
	}
	EqualMaps(t, "annotations of others", strip(admitted.Annotations), strip(wanted.Annotations))
}

// staysOrGoesToTheTarget asserts that the controller moves traffic only to what is asked for, whatever became of its write.
func staysOrGoesToTheTarget(t *testing.T, write serviceWrite, admitted *corev1.Service) {
	t.Helper()
	if write.Old == nil || maps.Equal(admitted.Spec.Selector, write.Old.Spec.Selector) {
		return
	}
	EqualMaps(t, "the controller's selector", admitted.Spec.Selector, bluegreen.Read(write.Old).TargetSelector())
}

func carriesItsVersion(t *testing.T, created *corev1.Service) {
	t.Helper()
	if bluegreen.Read(created).Live() == "" {
		t.Errorf("created without a version: %v", created.Spec.Selector)
	}
}

// phaseFitsTheAsk asserts that whoever waits on the phase right after an ask never reads that of before.
func phaseFitsTheAsk(t *testing.T, write serviceWrite, admitted *corev1.Service) {
	t.Helper()
	service := bluegreen.Read(admitted)
	if !service.Managed {
		if len(bluegreen.OwnAnnotations(admitted)) > 0 {
			t.Errorf("given back, but annotated: %v", admitted.Annotations)
		}
		return
	}
	if write.Old != nil {
		if before := bluegreen.Read(write.Old); reflect.DeepEqual(before.Options, service.Options) {
			EqualMaps(t, "own annotations without a new ask", bluegreen.OwnAnnotations(admitted), bluegreen.OwnAnnotations(write.Old))
			return
		}
	}
	want := bluegreen.Stable
	if service.Live() != service.Target {
		want = bluegreen.Waiting
	}
	if got := admitted.Annotations[bluegreen.PhaseKey]; got != string(want) {
		t.Errorf("phase %q, want %q: %v", got, want, admitted)
	}
}
