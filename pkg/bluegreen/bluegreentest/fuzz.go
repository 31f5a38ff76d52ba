package bluegreentest

import (
	"encoding/binary"
	"maps"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Script reads choices from fuzzed bytes; when they are used up, every choice is the first.
type Script []byte

// Below is a number below n.
func (s *Script) Below(n int) int {
	if len(*s) == 0 {
		return 0
	}
	first := int((*s)[0])
	*s = (*s)[1:]
	return first % n
}

// Yes is true for every other choice.
func (s *Script) Yes() bool { return s.Below(2) == 1 }

// One is one of some strings.
func (s *Script) One(of ...string) string { return of[s.Below(len(of))] }

// Service builds a Service out of plausible parts and one arbitrary string.
func (s *Script) Service(wild string) *corev1.Service {
	built := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx"}}
	built.Spec.Type = corev1.ServiceType(s.One("ClusterIP", "", "NodePort", "ExternalName"))
	keys := []string{"name", "version", "track", "app.kubernetes.io/version", wild}
	values := []string{"1.10", "1.11", "nginx", "", wild}
	for range s.Below(4) {
		if built.Spec.Selector == nil {
			built.Spec.Selector = map[string]string{}
		}
		built.Spec.Selector[s.One(keys...)] = s.One(values...)
	}
	for range s.Below(6) {
		if built.Annotations == nil {
			built.Annotations = map[string]string{}
		}
		key := s.One(targetVersion, versionLabel, phase, message, attempt, lastSwitch, retry, follows, previewOf, "example.org/a",
			"bluegreen/"+wild)
		built.Annotations[key] = s.One("1.10", "1.11", "", "version", "track", "Stable", "Waiting", wild)
	}
	for range s.Below(3) {
		built.ManagedFields = append(built.ManagedFields, metav1.ManagedFieldsEntry{
			Manager:   s.One("kubectl", "bluegreen", "helm"),
			Operation: metav1.ManagedFieldsOperationType(s.One("Update", "Apply")),
			FieldsV1:  metav1.NewFieldsV1(s.One(OwnsAll, `{"f:spec":{"f:selector":{}}}`, "{}", "", wild)),
		})
	}
	return built
}

// FuzzSeeds gives a fuzz test its first scripts.
func FuzzSeeds(f *testing.F) {
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

// Deployment builds a Deployment out of plausible parts and one arbitrary string.
func (s *Script) Deployment(wild string) *appsv1.Deployment {
	built := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: s.One("a", "b", wild)}}
	built.Generation = int64(s.Below(3))
	built.Status.ObservedGeneration = int64(s.Below(3))
	built.Status.AvailableReplicas = int32(s.Below(3))
	if s.Below(4) == 3 {
		built.DeletionTimestamp = &metav1.Time{}
	}
	if s.Below(4) < 3 {
		built.Spec.Replicas = new(int32(s.Below(4)) - s.negative())
	}
	for range s.Below(5) {
		if built.Spec.Template.Labels == nil {
			built.Spec.Template.Labels = map[string]string{}
		}
		built.Spec.Template.Labels[s.One("version", "name", "track", wild)] = s.One("1.11", "1.10", "nginx", "", wild)
	}
	for range s.Below(3) {
		built.Status.Conditions = append(built.Status.Conditions, appsv1.DeploymentCondition{
			Type:   appsv1.DeploymentConditionType(s.One("Available", "Progressing", wild)),
			Status: corev1.ConditionStatus(s.One("True", "False", "Unknown", wild)),
			Reason: s.One("MinimumReplicasAvailable", "MinimumReplicasUnavailable", wild),
		})
	}
	return built
}

func (s *Script) negative() int32 {
	if s.Below(16) == 15 {
		return 5
	}
	return 0
}

// KeepsOthersAnnotations fails a test where an annotation differs that bluegreen does not write.
func KeepsOthersAnnotations(t *testing.T, wanted, admitted *corev1.Service) {
	t.Helper()
	strip := func(annotations map[string]string) map[string]string {
		rest := maps.Clone(annotations)
		for _, key := range ownKeys {
			delete(rest, key)
		}
		return rest
	}
	EqualMaps(t, "annotations of others", strip(admitted.Annotations), strip(wanted.Annotations))
}
