package ladder

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func FuzzDecideMovesTrafficOnlyToAReadyTarget(f *testing.F) {
	FuzzSeeds(f)
	f.Fuzz(func(t *testing.T, choices []byte, wild string) {
		s := Script(choices)
		observed := s.Service(wild)
		var all []*appsv1.Deployment
		for range s.Below(4) {
			all = append(all, s.Deployment(wild))
		}
		switch s.Below(3) { // Otherwise few are pending, and none is watched.
		case 1:
			observed = Waiting()
		case 2:
			switched := bluegreen.Read(Waiting()).Switched(now.Add(-time.Minute)).Watching(all)
			observed = OnGreen(Asks(s.One("1.11", "1.12", "1.10")), forTenMinutes, Annotation(bluegreen.LastSwitchKey, switched.String()))
		}
		state := observe(observed, all)
		before := observed.DeepCopy()
		action := decideOn(state)

		if !reflect.DeepEqual(observed, before) {
			t.Fatal("what was observed was changed")
		}
		if action.Reason == "" {
			t.Error("no reason")
		}
		KeepsOthersAnnotations(t, observed, action.Service)
		if again := decideOn(state); !reflect.DeepEqual(again, action) {
			t.Errorf("not the same twice: %v, then %v", action, again)
		}
		if maps.Equal(action.Service.Spec.Selector, observed.Spec.Selector) {
			if action.Reason == ReasonSwitched {
				t.Error("Switched, but the selector is the same")
			}
			return
		}
		movesToTheTargetOnly(t, observed, action, all)
		after := action.Service
		if next := decide(after, all...); next.Writes && action.Reason == ReasonSwitched {
			t.Errorf("a switch is followed by another write: %v", next)
		} else if next.Reason == ReasonRolledBack && !maps.Equal(next.Service.Spec.Selector, after.Spec.Selector) {
			t.Errorf("traffic that has just moved returns: %v", next)
		}
	})
}

// movesToTheTargetOnly asserts that traffic moves for a valid ask alone, or back to what a switch left, and to Deployments that are ready.
func movesToTheTargetOnly(t *testing.T, observed *corev1.Service, action Action, all []*appsv1.Deployment) {
	t.Helper()
	ask := bluegreen.Read(observed)
	moves := action.Reason == ReasonSwitched || action.Reason == ReasonRolledBack
	if !moves || len(ask.Errors) > 0 || !ask.Managed || observed.Spec.Type == corev1.ServiceTypeExternalName {
		t.Errorf("moved: %s, %v", action.Reason, ask.Errors)
	}
	want := maps.Clone(observed.Spec.Selector)
	want[ask.VersionLabel] = observed.Annotations[bluegreen.TargetVersion]
	if action.Reason == ReasonRolledBack {
		want[ask.VersionLabel], _, _ = strings.Cut(observed.Annotations[bluegreen.LastSwitchKey], "/")
	}
	EqualMaps(t, "selector", action.Service.Spec.Selector, want)
	if problem := unready(want, all); problem != "" {
		t.Errorf("moved although %s", problem)
	}
}
