package api

import (
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// service is the Service of the walk: nginx, asked to be on target, with live in its selector ("" for no version key).
func service(namespace, target, live string) *corev1.Service {
	made := &corev1.Service{}
	made.Namespace, made.Name = namespace, "nginx"
	made.Spec.Selector = map[string]string{"name": "nginx"}
	made.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(80)}}
	if live != "" {
		made.Spec.Selector["version"] = live
	}
	if target != "" {
		made.Annotations = map[string]string{"bluegreen/target-version": target}
	}
	return made
}

func live(version string) func(*corev1.Service) bool {
	return func(s *corev1.Service) bool { return s.Spec.Selector["version"] == version }
}

func message(text string) func(*corev1.Service) bool {
	return func(s *corev1.Service) bool {
		return s.Annotations["bluegreen/phase"] == "Waiting" && strings.Contains(s.Annotations["bluegreen/message"], text)
	}
}

// annotate does what kubectl annotate --overwrite does.
func annotate(t *testing.T, c client.Client, service *corev1.Service, key, value string) error {
	t.Helper()
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+key+`":"`+value+`"}}}`))
	return c.Patch(t.Context(), service, patch, client.FieldOwner("kubectl-annotate"))
}

func TestAServiceFollowsItsAnnotationWhenTheTargetIsReady(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	human, warned := recorded(t)

	nginx := service(ns, "1.10", "1.10")
	if err := human.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	if phase := nginx.Annotations["bluegreen/phase"]; phase != "Stable" {
		t.Fatalf("phase %q in the answer to the create, want Stable", phase)
	}
	key := client.ObjectKeyFromObject(nginx)

	if err := annotate(t, human, nginx, "bluegreen/target-version", "1.11"); err != nil {
		t.Fatal(err)
	}
	if phase := nginx.Annotations["bluegreen/phase"]; phase != "Waiting" {
		t.Fatalf("phase %q in the answer to the ask, want Waiting", phase)
	}
	until(t, key, "the lack of a Deployment is told", message("No Deployment has pods labelled name=nginx,version=1.11"))

	green := deployment(t, ns, "1.11")
	held := until(t, key, "what is waited for is told", message("Deployment nginx-1.11: waiting for MinimumReplicasAvailable"))
	if !live("1.10")(held) {
		t.Fatalf("traffic moved before the target was ready: %v", held.Spec.Selector)
	}
	available(t, green, true)
	switched := until(t, key, "traffic moves", live("1.11"))
	if switched.Annotations["bluegreen/phase"] != "Stable" || switched.Annotations["bluegreen/message"] != "" {
		t.Fatalf("the write that moved traffic left %v", switched.Annotations)
	}
	if texts := warned.take(); len(texts) > 0 {
		t.Fatalf("a plain ask was warned about: %q", texts)
	}

	old := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"selector":{"name":"nginx","version":"1.10"}}}`))
	if err := human.Patch(t.Context(), nginx, old); err != nil {
		t.Fatal(err)
	}
	if !live("1.11")(nginx) {
		t.Fatal("a selector edit moved traffic")
	}
	wantCommand := "kubectl annotate service nginx -n " + ns + " bluegreen/target-version=1.10 --overwrite"
	if texts := warned.take(); len(texts) != 1 || !strings.HasSuffix(texts[0], wantCommand) {
		t.Fatalf("warnings %q, want one that ends in %q", texts, wantCommand)
	}
}

func TestBadValuesAreRefusedWithFieldValueAndRule(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	nginx := service(ns, "1.10", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]struct{ value, text string }{
		"bluegreen/target-version": {
			value: "not a label!",
			text:  `metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!": must be a label value`,
		},
		"bluegreen/version-label": {
			value: "-",
			text:  `metadata.annotations[bluegreen/version-label]: Invalid value: "-": must be a label key`,
		},
		"bluegreen/promotoin": {
			value: "manual",
			text:  `"bluegreen/promotoin": supported values: "bluegreen/target-version", "bluegreen/version-label"`,
		},
	} {
		err := annotate(t, admin, nginx.DeepCopy(), key, want.value)
		if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: got %v, want a 422 with %s", key, err, want.text)
		}
	}
	if now := get(t, client.ObjectKeyFromObject(nginx)); now.ResourceVersion != nginx.ResourceVersion {
		t.Error("a refused write changed the Service")
	}
}

func TestStatusWritesCannotForgeWhatBluegreenSays(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	nginx := service(ns, "1.10", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	human, warned := recorded(t)
	nginx.Annotations["bluegreen/phase"] = "Waiting"
	if err := human.Status().Update(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	if phase := get(t, client.ObjectKeyFromObject(nginx)).Annotations["bluegreen/phase"]; phase != "Stable" {
		t.Errorf("phase %q, want Stable", phase)
	}
	if texts := warned.take(); len(texts) != 1 || !strings.Contains(texts[0], "bluegreen/phase") {
		t.Errorf("warnings %q, want one about bluegreen/phase", texts)
	}
}

func TestASwitchHeldAcrossARestartIsCarriedOut(t *testing.T) {
	first := shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	nginx := service(ns, "1.11", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	green := deployment(t, ns, "1.11")
	key := client.ObjectKeyFromObject(nginx)
	until(t, key, "the switch is held", message("waiting for MinimumReplicasAvailable"))
	first.End(t.Context(), syscall.SIGTERM)
	available(t, green, true)
	shipped.StartFor(t)
	until(t, key, "traffic moves", live("1.11"))
}
