package bluegreen

import (
	"encoding/binary"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"
)

func FuzzParseIsSafeWhateverItReads(f *testing.F) {
	f.Add("1.11", "version", "promotion", "manual", uint8(3))
	f.Add("", "", "", "", uint8(7))
	f.Add("not a label!", "a/b/c", "phase", "Stable", uint8(7))
	f.Add("\xff\x00", "app.kubernetes.io/version", "targt-version", "1.12", uint8(3))
	f.Fuzz(func(t *testing.T, target, label, other, value string, set uint8) {
		annotations := map[string]string{}
		for i, key := range []string{TargetVersion, VersionLabel, prefix + other} {
			if set&(1<<i) != 0 {
				annotations[key] = []string{target, label, value}[i]
			}
		}
		policy, errs := Parse(annotations)

		target, managed := annotations[TargetVersion]
		if policy.Managed != managed {
			t.Errorf("managed: %v", policy.Managed)
		}
		if len(validation.IsQualifiedName(policy.VersionLabel)) > 0 {
			t.Errorf("version label %q is no label key", policy.VersionLabel)
		}
		if policy.Target != "" && (policy.Target != target || len(validation.IsValidLabelValue(target)) > 0) {
			t.Errorf("target %q out of %q", policy.Target, target)
		}
		if managed && policy.Target == "" && len(errs) == 0 {
			t.Error("no target, and no error either")
		}
		for _, err := range errs {
			if !strings.HasPrefix(err.Field, "metadata.annotations") || err.Error() == "" {
				t.Errorf("an error that names no field: %v", err)
			}
		}
	})
}

// script reads choices from fuzzed bytes; when they are used up, every choice is the first.
type script []byte

func (s *script) below(n int) int {
	if len(*s) == 0 {
		return 0
	}
	first := int((*s)[0])
	*s = (*s)[1:]
	return first % n
}

func (s *script) yes() bool { return s.below(2) == 1 }

func (s *script) one(of ...string) string { return of[s.below(len(of))] }

// fuzzService builds a Service out of plausible parts and one arbitrary string.
func (s *script) fuzzService(wild string) *corev1.Service {
	built := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx"}}
	built.Spec.Type = corev1.ServiceType(s.one("ClusterIP", "", "NodePort", "ExternalName"))
	keys := []string{"name", "version", "track", "app.kubernetes.io/version", wild}
	values := []string{"1.10", "1.11", "nginx", "", wild}
	for range s.below(4) {
		if built.Spec.Selector == nil {
			built.Spec.Selector = map[string]string{}
		}
		built.Spec.Selector[s.one(keys...)] = s.one(values...)
	}
	for range s.below(6) {
		if built.Annotations == nil {
			built.Annotations = map[string]string{}
		}
		key := s.one(TargetVersion, VersionLabel, PhaseKey, MessageKey, "example.org/a", prefix+wild)
		built.Annotations[key] = s.one("1.10", "1.11", "", "version", "track", "Stable", "Waiting", wild)
	}
	for range s.below(3) {
		built.ManagedFields = append(built.ManagedFields, metav1.ManagedFieldsEntry{
			Manager:   s.one("kubectl", "bluegreen", "helm"),
			Operation: metav1.ManagedFieldsOperationType(s.one("Update", "Apply")),
			FieldsV1:  metav1.NewFieldsV1(s.one(ownsAll, `{"f:spec":{"f:selector":{}}}`, "{}", "", wild)),
		})
	}
	return built
}

func fuzzSeeds(f *testing.F) {
	for i := range uint64(32) {
		seed := binary.LittleEndian.AppendUint64(nil, i*0x9E3779B97F4A7C15)
		seed = binary.LittleEndian.AppendUint64(seed, (i+1)*0xBF58476D1CE4E5B9)
		seed = binary.LittleEndian.AppendUint64(seed, (i+2)*0x94D049BB133111EB)
		f.Add(append(seed, seed...), strconv.FormatUint(i, 36))
	}
	f.Add([]byte{}, "")
	f.Add([]byte{0, 2, 1, 0, 0, 1, 1, 0}, "not a label!")
	f.Add([]byte{0, 1, 1, 0, 1, 5, 7, 2, 0, 0, 4}, `{"f:metadata":`)
}

func FuzzAdmitIsIdempotentAndNeverMovesTrafficForAnybodyButTheController(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, choices []byte, wild string) {
		s := script(choices)
		write := Write{New: s.fuzzService(wild), ByController: s.below(4) == 3}
		switch s.below(4) {
		case 0:
		case 1: // A small edit of what is there: what happens most.
			write.Old = write.New.DeepCopy()
			if len(write.Old.Annotations) > 0 {
				write.Old.Annotations[s.one(TargetVersion, PhaseKey, VersionLabel)] = s.one("1.10", "1.11", "track", wild)
			}
			if len(write.Old.Spec.Selector) > 0 {
				write.Old.Spec.Selector[s.one("version", "track")] = s.one("1.10", "1.11", wild)
			}
		default:
			write.Old = s.fuzzService(wild)
		}
		before := Write{Old: write.Old.DeepCopy(), New: write.New.DeepCopy(), ByController: write.ByController}
		answer := Admit(write)

		if !reflect.DeepEqual(write, before) {
			t.Fatal("the write itself was changed")
		}
		if len(answer.Errors) > 0 {
			return
		}
		changesNothingElse(t, write.New, answer.Service)
		isIdempotent(t, write, answer)
		keepsOthersAnnotations(t, write.New, answer.Service)
		_, asks := write.New.Annotations[TargetVersion]
		managed := asks
		if write.Old != nil {
			_, asked := write.Old.Annotations[TargetVersion]
			managed = managed || asked
		}
		switch {
		case !managed:
			if !reflect.DeepEqual(answer.Service, write.New) || len(answer.Warnings) > 0 {
				t.Errorf("an unmanaged Service was touched: %+v", answer)
			}
		case write.ByController:
			staysOrGoesToTheTarget(t, write, answer.Service)
			equalMaps(t, "the controller's annotations", answer.Service.Annotations, write.New.Annotations)
		case write.Old != nil:
			equalMaps(t, "selector", answer.Service.Spec.Selector, write.Old.Spec.Selector)
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
		delete(rest, PhaseKey)
		delete(rest, MessageKey)
		return rest
	}
	equalMaps(t, "annotations of others", strip(admitted.Annotations), strip(wanted.Annotations))
}

// staysOrGoesToTheTarget asserts that the controller moves traffic only to what is asked for, whatever became of its write.
func staysOrGoesToTheTarget(t *testing.T, write Write, admitted *corev1.Service) {
	t.Helper()
	if write.Old == nil || maps.Equal(admitted.Spec.Selector, write.Old.Spec.Selector) {
		return
	}
	policy, _ := Parse(write.Old.Annotations)
	equalMaps(t, "the controller's selector", admitted.Spec.Selector, policy.candidate(write.Old))
}

func carriesItsVersion(t *testing.T, created *corev1.Service) {
	t.Helper()
	policy, _ := Parse(created.Annotations)
	if created.Spec.Selector[policy.VersionLabel] == "" {
		t.Errorf("created without a version: %v", created.Spec.Selector)
	}
}

// phaseFitsTheAsk asserts that whoever waits on the phase right after an ask never reads that of before.
func phaseFitsTheAsk(t *testing.T, write Write, admitted *corev1.Service) {
	t.Helper()
	policy, _ := Parse(admitted.Annotations)
	if !policy.Managed {
		if len(own(admitted)) > 0 {
			t.Errorf("released, but annotated: %v", admitted.Annotations)
		}
		return
	}
	if write.Old != nil {
		if before, _ := Parse(write.Old.Annotations); before == policy {
			equalMaps(t, "own annotations without a new ask", own(admitted), own(write.Old))
			return
		}
	}
	want := Stable
	if admitted.Spec.Selector[policy.VersionLabel] != policy.Target {
		want = Waiting
	}
	if got := admitted.Annotations[PhaseKey]; got != string(want) {
		t.Errorf("phase %q, want %q: %v", got, want, admitted)
	}
}

func (s *script) fuzzDeployment(wild string) *appsv1.Deployment {
	built := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: s.one("a", "b", wild)}}
	built.Generation = int64(s.below(3))
	built.Status.ObservedGeneration = int64(s.below(3))
	built.Status.AvailableReplicas = int32(s.below(3))
	if s.below(4) == 3 {
		built.DeletionTimestamp = &metav1.Time{}
	}
	if s.below(4) < 3 {
		built.Spec.Replicas = ptr.To(int32(s.below(4)) - s.negative())
	}
	for range s.below(5) {
		if built.Spec.Template.Labels == nil {
			built.Spec.Template.Labels = map[string]string{}
		}
		built.Spec.Template.Labels[s.one("version", "name", "track", wild)] = s.one("1.11", "1.10", "nginx", "", wild)
	}
	for range s.below(3) {
		built.Status.Conditions = append(built.Status.Conditions, appsv1.DeploymentCondition{
			Type:   appsv1.DeploymentConditionType(s.one("Available", "Progressing", wild)),
			Status: corev1.ConditionStatus(s.one("True", "False", "Unknown", wild)),
			Reason: s.one("MinimumReplicasAvailable", "MinimumReplicasUnavailable", wild),
		})
	}
	return built
}

func (s *script) negative() int32 {
	if s.below(16) == 15 {
		return 5
	}
	return 0
}

func FuzzDecideMovesTrafficOnlyToAReadyTarget(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, choices []byte, wild string) {
		s := script(choices)
		observed := s.fuzzService(wild)
		if s.yes() { // Otherwise few are pending.
			observed = waiting()
		}
		var all []*appsv1.Deployment
		for range s.below(4) {
			all = append(all, s.fuzzDeployment(wild))
		}
		state := Observe(observed, all)
		before := observed.DeepCopy()
		action := Decide(state)

		if !reflect.DeepEqual(observed, before) {
			t.Fatal("what was observed was changed")
		}
		if action.Reason == "" {
			t.Error("no reason")
		}
		keepsOthersAnnotations(t, observed, action.Service)
		if again := Decide(state); !reflect.DeepEqual(again, action) {
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
		if next := Decide(Observe(after, all)); next.Changes(after) {
			t.Errorf("a switch is followed by another write: %v", next)
		}
	})
}

func movesToTheTargetOnly(t *testing.T, observed *corev1.Service, action Action, all []*appsv1.Deployment) {
	t.Helper()
	policy, errs := Parse(observed.Annotations)
	if action.Reason != ReasonSwitched || len(errs) > 0 || !policy.Managed || observed.Spec.Type == corev1.ServiceTypeExternalName {
		t.Errorf("moved: %s, %v", action.Reason, errs)
	}
	want := maps.Clone(observed.Spec.Selector)
	want[policy.VersionLabel] = observed.Annotations[TargetVersion]
	equalMaps(t, "selector", action.Service.Spec.Selector, want)
	if problem := unready(want, all); problem != "" {
		t.Errorf("moved although %s", problem)
	}
}
