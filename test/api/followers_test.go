package api

import (
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// led applies a Service of the pods of nginx that has a leader, as a Helm 4 chart does, without forcing conflicts.
func led(t *testing.T, namespace, name, key string) client.ObjectKey {
	t.Helper()
	applied := corev1apply.Service(name, namespace).
		WithAnnotations(map[string]string{key: "nginx"}).
		WithSpec(corev1apply.ServiceSpec().WithSelector(map[string]string{"name": "nginx"}).WithClusterIP(corev1.ClusterIPNone).
			WithPorts(corev1apply.ServicePort().WithPort(80).WithProtocol(corev1.ProtocolTCP)))
	if err := admin.Apply(t.Context(), applied, client.FieldOwner("helm")); err != nil {
		t.Fatalf("applying Service %s: %v", name, err)
	}
	return client.ObjectKey{Namespace: namespace, Name: name}
}

func stableOn(version string) func(*corev1.Service) bool {
	return func(s *corev1.Service) bool { return live(version)(s) && s.Annotations["bluegreen/phase"] == "Stable" }
}

// TestAFollowerAndAPreviewThroughARelease: created before their leader, applied again in every phase, and given back.
func TestAFollowerAndAPreviewThroughARelease(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	available(t, deployment(t, ns, "1.10"), true)
	pods, preview := led(t, ns, "nginx-pods", "bluegreen/follows"), led(t, ns, "nginx-preview", "bluegreen/preview-of")
	early := until(t, pods, "the lack of a leader is told", message("Service nginx, the value of bluegreen/follows, does not exist"))
	if version, set := early.Spec.Selector["version"]; !set || version != "" {
		t.Errorf("before its leader it selects %v", early.Spec.Selector)
	}
	chart(t, ns, "1.10", map[string]string{"name": "nginx"})
	until(t, pods, "the follower is in step", stableOn("1.10"))
	until(t, preview, "so is the preview", stableOn("1.10"))

	again := func(phase string) {
		t.Helper()
		before := []string{get(t, pods).ResourceVersion, get(t, preview).ResourceVersion}
		led(t, ns, "nginx-pods", "bluegreen/follows")
		led(t, ns, "nginx-preview", "bluegreen/preview-of")
		if get(t, pods).ResourceVersion != before[0] || get(t, preview).ResourceVersion != before[1] {
			t.Errorf("applying the same manifests again changed something, %s", phase)
		}
	}
	again("at rest")
	chart(t, ns, "1.11", map[string]string{"name": "nginx"})
	nginx := client.ObjectKey{Namespace: ns, Name: "nginx"}
	until(t, preview, "the preview is on the target at once", stableOn("1.11"))
	green := deployment(t, ns, "1.11")
	until(t, nginx, "the switch is held", message("waiting for MinimumReplicasAvailable"))
	if !live("1.10")(get(t, pods)) {
		t.Error("the follower moved before its leader")
	}
	again("while the leader waits")
	available(t, green, true)
	until(t, nginx, "traffic moves", stableOn("1.11"))
	until(t, pods, "the follower moves", stableOn("1.11"))
	again("after the switch")

	human, warned := recorded(t)
	if err := human.Patch(t.Context(), get(t, pods), selectorPatch("1.10")); err != nil {
		t.Fatal(err)
	}
	if texts := warned.take(); len(texts) != 1 || !strings.Contains(texts[0], "it moves with Service nginx") || !live("1.11")(get(t, pods)) {
		t.Errorf("warnings %q", texts)
	}
	giveBack := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"bluegreen/follows":null}}}`))
	if err := admin.Patch(t.Context(), get(t, pods), giveBack); err != nil {
		t.Fatal(err)
	}
	if plain := get(t, pods); len(plain.Annotations) > 0 || !live("1.11")(plain) {
		t.Errorf("after it was given back: %v, %v", plain.Annotations, plain.Spec.Selector)
	}
}

// TestAFollowerWhoseWriteIsRefusedHoldsItsLeader: another policy refuses it. Nothing moves until that has ended.
func TestAFollowerWhoseWriteIsRefusedHoldsItsLeader(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	available(t, deployment(t, ns, "1.10"), true)
	available(t, deployment(t, ns, "1.11"), true)
	chart(t, ns, "1.10", map[string]string{"name": "nginx"})
	pods := led(t, ns, "nginx-pods", "bluegreen/follows")
	until(t, pods, "the follower is in step", stableOn("1.10"))

	allow := refuseSelectorsOf(t, ns, "nginx-pods")
	chart(t, ns, "1.11", map[string]string{"name": "nginx"})
	nginx := client.ObjectKey{Namespace: ns, Name: "nginx"}
	held := until(t, nginx, "the refusal is told", message("Follower nginx-pods: the write that moves its traffic is refused: "))
	if !live("1.10")(held) || !strings.Contains(held.Annotations["bluegreen/message"], "these pods stay") {
		t.Errorf("got %v, %v", held.Spec.Selector, held.Annotations)
	}
	allow()
	until(t, nginx, "traffic moves", stableOn("1.11"))
	until(t, pods, "the follower moves", stableOn("1.11"))
}

// refuseSelectorsOf installs somebody's policy, which refuses every change of a Service's selector, and returns what removes it.
func refuseSelectorsOf(t *testing.T, namespace, name string) (allow func()) {
	t.Helper()
	policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}}
	policy.Spec.MatchConstraints = &admissionv1.MatchResources{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: []admissionv1.OperationType{admissionv1.Update},
			Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"services"}},
		}}},
	}
	policy.Spec.Validations = []admissionv1.Validation{{
		Expression: "!object.metadata.name.startsWith('" + name + "') || object.spec.selector == oldObject.spec.selector",
		Message:    "these pods stay",
	}}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}}
	binding.Spec.PolicyName, binding.Spec.ValidationActions = "theirs", []admissionv1.ValidationAction{admissionv1.Deny}
	probe := service(namespace, "", "1.10")
	probe.Name = name + "-probe"
	for _, object := range []client.Object{policy, binding, probe} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	allow = func() {
		if err := client.IgnoreNotFound(admin.Delete(t.Context(), binding)); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { _ = admin.Delete(t.Context(), policy) })
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if err := admin.Patch(t.Context(), probe.DeepCopy(), selectorPatch("1.11"), client.DryRunAll); apierrors.IsInvalid(err) {
			return allow
		}
		if time.Now().After(deadline) {
			t.Fatal("the policy is not in force")
		}
	}
}
