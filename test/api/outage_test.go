package api

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// selectorPatch is the last line of the script that people use today.
func selectorPatch(version string) client.Patch {
	return client.RawPatch(types.MergePatchType, []byte(`{"spec":{"selector":{"version":"`+version+`"}}}`))
}

// policyInForce waits until the API server enforces the policy.
func policyInForce(t *testing.T, service *corev1.Service) {
	t.Helper()
	if err := suite.AwaitPolicy(t.Context(), service); err != nil {
		t.Fatal(err)
	}
}

func TestWithNoReplicaTrafficStaysAndAsksAreKept(t *testing.T) {
	ns := suite.Namespace(t)
	nginx := service(ns, "1.10", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatalf("creating a managed Service: %v", err)
	}
	key := client.ObjectKeyFromObject(nginx)
	policyInForce(t, nginx)

	err := admin.Patch(t.Context(), nginx.DeepCopy(), selectorPatch("1.11"))
	want := "kubectl annotate service nginx -n " + ns + " bluegreen/target-version=1.11 --overwrite"
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("a write that moves traffic: got %v, want it refused with %q", err, want)
	}
	labelled := nginx.DeepCopy()
	labelled.Labels = map[string]string{"team": "web"}
	if err := admin.Update(t.Context(), labelled); err != nil {
		t.Errorf("an unrelated write of a managed Service: %v", err)
	}
	plain := service(ns, "", "1.10")
	plain.Name = "plain"
	if err := admin.Create(t.Context(), plain); err != nil {
		t.Errorf("creating another Service: %v", err)
	}
	if err := admin.Patch(t.Context(), plain, selectorPatch("1.11")); err != nil {
		t.Errorf("moving the traffic of another Service: %v", err)
	}
	if err := annotate(t, admin, nginx, "bluegreen/target-version", "1.11"); err != nil {
		t.Errorf("an ask: %v", err)
	}
	available(t, deployment(t, ns, "1.11"), true)
	shipped.StartFor(t)
	until(t, key, "the ask is carried out", live("1.11"))
}

// without deletes objects of the shipped chart, as by hand, for the length of a test.
func without(t *testing.T, kind string) {
	t.Helper()
	for _, object := range shipped.Objects {
		if object.GetKind() != kind {
			continue
		}
		if err := admin.Delete(t.Context(), object.DeepCopy()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			applied := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
			if err := admin.Apply(context.WithoutCancel(t.Context()), applied, client.FieldOwner("helm")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWithoutTheWebhookTheControllerIsAsSafe(t *testing.T) {
	shipped.StartFor(t)
	without(t, "MutatingWebhookConfiguration")
	ns := suite.Namespace(t)
	nginx := service(ns, "not a label!", "1.10")
	nginx.Annotations["owner"] = "team web"
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	key := client.ObjectKeyFromObject(nginx)
	available(t, deployment(t, ns, "1.11"), true)
	policyInForce(t, nginx)
	bad := until(t, key, "the bad value is told", message(`metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!"`))
	if !live("1.10")(bad) {
		t.Fatalf("a bad value moved traffic: %v", bad.Spec.Selector)
	}
	if err := annotate(t, admin, nginx, "bluegreen/target-version", "1.11"); err != nil {
		t.Fatal(err)
	}
	until(t, key, "traffic moves", live("1.11"))
	until(t, key, "bluegreen owns nothing contested", func(s *corev1.Service) bool {
		return !slices.ContainsFunc(s.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
			return strings.Contains(entry.FieldsV1.GetRawString(), "f:selector") || strings.Contains(entry.FieldsV1.GetRawString(), "target-version")
		})
	})
	chart(t, ns, "1.11", map[string]string{"name": "nginx", "version": "1.11"})

	giveBack := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"bluegreen/target-version":null}}}`))
	if err := admin.Patch(t.Context(), nginx, giveBack); err != nil {
		t.Fatal(err)
	}
	returned := until(t, key, "what bluegreen wrote is gone", func(s *corev1.Service) bool { return s.Annotations["bluegreen/phase"] == "" })
	if !live("1.11")(returned) || !maps.Equal(returned.Annotations, map[string]string{"owner": "team web"}) {
		t.Fatalf("after it was given back: selector %v, annotations %v", returned.Spec.Selector, returned.Annotations)
	}
}

func TestGivingBackAndAdoptionMoveNoTraffic(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	nginx := service(ns, "", "")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	key := client.ObjectKeyFromObject(nginx)
	if err := annotate(t, admin, nginx, "bluegreen/target-version", "1.10"); err != nil {
		t.Fatal(err)
	}
	until(t, key, "the adopted Service waits", message("No Deployment has pods labelled name=nginx,version=1.10"))
	if !live("")(get(t, key)) {
		t.Fatal("adoption moved traffic")
	}
	available(t, deployment(t, ns, "1.10"), true)
	until(t, key, "traffic moves", live("1.10"))

	human, warned := recorded(t)
	giveBack := client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"bluegreen/target-version":null}},"spec":{"selector":{"version":"1.11"}}}`))
	if err := human.Patch(t.Context(), nginx, giveBack); err != nil {
		t.Fatal(err)
	}
	if !live("1.10")(nginx) || len(nginx.Annotations) > 0 {
		t.Fatalf("after it was given back: selector %v, annotations %v", nginx.Spec.Selector, nginx.Annotations)
	}
	if texts := warned.take(); len(texts) != 1 || !strings.Contains(texts[0], "no longer manages") {
		t.Fatalf("warnings %q, want one about giving the Service back", texts)
	}
	if err := human.Patch(t.Context(), nginx, selectorPatch("1.11")); err != nil {
		t.Fatal(err)
	}
	if !live("1.11")(nginx) {
		t.Fatal("a Service that was given back is not its owner's")
	}
}

// TestAKilledLeaderIsFollowedWithinFiveSeconds kills the leader without a word, so nothing gives its Lease back.
func TestAKilledLeaderIsFollowedWithinFiveSeconds(t *testing.T) {
	ns := suite.Namespace(t)
	nginx := service(ns, "1.12", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	available(t, deployment(t, ns, "1.11"), true)
	leader := shipped.StartFor(t)
	serving(t, ns)
	until(t, client.ObjectKeyFromObject(nginx), "the first leads", message("No Deployment"))
	shipped.StartFor(t)

	if err := leader.Command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	if err := annotate(t, admin, nginx, "bluegreen/target-version", "1.11"); err != nil {
		t.Fatal(err)
	}
	until(t, client.ObjectKeyFromObject(nginx), "the ask is carried out", live("1.11"))
	waited := time.Since(killed)
	t.Logf("the ask waited %s", waited)
	if waited > 5*time.Second {
		t.Errorf("the ask waited %s", waited)
	}
}
