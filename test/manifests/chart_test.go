package manifests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

func TestChartLints(t *testing.T) {
	t.Parallel()
	mustRun(t, "helm", "lint", "--strict", chart)
}

// TestFieldsExist catches a misspelt field, which the API server would drop silently.
func TestFieldsExist(t *testing.T) {
	t.Parallel()
	everything := "--set=metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true,metrics.dashboard.enabled=true," +
		"networkPolicy.enabled=true,approval.restricted=true,checks.enabled=true,watchNamespaces={shop}"
	for _, all := range []objects{
		template(t, certManager, everything), template(t, selfManaged), kustomize(t, config+"/default"),
	} {
		for _, doc := range all {
			decode(t, doc)
		}
	}
}

func decode(t *testing.T, doc document) {
	t.Helper()
	if foreign(doc) {
		return
	}
	typed, err := scheme.Scheme.New(doc.GroupVersionKind())
	if err != nil {
		t.Errorf("%s: %v", doc.key(), err)
		return
	}
	if err := yaml.UnmarshalStrict(doc.raw, typed); err != nil {
		t.Errorf("%s: %v", doc.key(), err)
	}
}

// foreign kinds belong to cert-manager and the Prometheus operator.
func foreign(doc document) bool {
	group := doc.GroupVersionKind().Group
	return group == "cert-manager.io" || group == "monitoring.coreos.com"
}

func TestTLSModeFollowsTheCluster(t *testing.T) {
	t.Parallel()
	served := "--api-versions=cert-manager.io/v1"
	for name, test := range map[string]struct {
		args        []string
		certManager bool
	}{
		"auto, cert-manager not served": {nil, false},
		"auto, cert-manager served":     {[]string{served}, true},
		"self-managed, though served":   {[]string{served, selfManaged}, false},
		"cert-manager, not served":      {[]string{certManager}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := template(t, test.args...)
			_, certificate := all["Certificate/bluegreen-system/bluegreen-webhook"]
			_, secret := all["Secret/bluegreen-system/bluegreen-ca"]
			if certificate != test.certManager || secret == test.certManager {
				t.Errorf("Certificate rendered: %v, Secret rendered: %v", certificate, secret)
			}
		})
	}
}

// TestWhatBluegreenWritesIsNotRendered: an upgrade must not take away the CA that bluegreen or cert-manager wrote.
func TestWhatBluegreenWritesIsNotRendered(t *testing.T) {
	t.Parallel()
	secret := template(t, selfManaged)["Secret/bluegreen-system/bluegreen-ca"]
	for _, field := range []string{"data", "stringData", "immutable"} {
		if _, ok := secret.Object[field]; ok {
			t.Errorf("the Secret is rendered with %s", field)
		}
	}
	for _, way := range []string{certManager, selfManaged} {
		configuration := get[admissionv1.MutatingWebhookConfiguration](t, template(t, way), "MutatingWebhookConfiguration/bluegreen")
		for _, webhook := range configuration.Webhooks {
			if webhook.ClientConfig.CABundle != nil {
				t.Errorf("caBundle of %s is rendered with %s", webhook.Name, way)
			}
		}
	}
}

// TestCertManagerSignsWithACA: were the webhook's certificate its own CA, each renewal would replace what the API server trusts
// before the pods have the new one.
func TestCertManagerSignsWithACA(t *testing.T) {
	t.Parallel()
	all := template(t, certManager)
	field := func(key string, path ...string) string {
		doc, ok := all[key]
		if !ok {
			t.Fatalf("%s is not rendered", key)
		}
		value, _, err := unstructured.NestedFieldNoCopy(doc.Object, path...)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(value)
	}
	leaf, ca := "Certificate/bluegreen-system/bluegreen-webhook", "Certificate/bluegreen-system/bluegreen-webhook-ca"
	issuer := func(certificate string) string {
		return "Issuer/bluegreen-system/" + field(certificate, "spec", "issuerRef", "name")
	}
	injected := field("MutatingWebhookConfiguration/bluegreen", "metadata", "annotations", "cert-manager.io/inject-ca-from")
	for _, test := range []struct{ got, want string }{
		{injected, strings.TrimPrefix(leaf, "Certificate/")},
		{podSpec(t, all).Volumes[0].Secret.SecretName, field(leaf, "spec", "secretName")},
		{field(issuer(leaf), "spec", "ca", "secretName"), field(ca, "spec", "secretName")},
		{field(issuer(ca), "spec", "selfSigned"), "map[]"},
		{field(leaf, "spec", "isCA"), "<nil>"},
		{field(ca, "spec", "isCA"), "true"},
		{field(leaf, "spec", "privateKey", "rotationPolicy"), "Always"},
		{field(ca, "spec", "privateKey", "rotationPolicy"), "Never"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

// TestNamesFit: the common name of a certificate has 64 characters at most.
func TestNamesFit(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", 50)
	certificate := template(t, certManager, "--set=fullnameOverride="+longest)["Certificate/bluegreen-system/"+longest+"-webhook-ca"]
	name, _, err := unstructured.NestedString(certificate.Object, "spec", "commonName")
	if err != nil || name == "" || len(name) > 64 {
		t.Errorf("the common name is %q (%v)", name, err)
	}
}

func TestArgsOfEitherTLSWay(t *testing.T) {
	t.Parallel()
	common := []string{
		"--webhook-port=9443",
		"--metrics-bind-address=:8443",
		"--health-probe-bind-address=:8081",
		"--shutdown-delay-duration=5s",
		"--logging-format=text",
		"-v=0",
		"--in-use-protection=true",
		"--drain=30s",
		"--deployment=bluegreen",
	}
	for way, own := range map[string][]string{
		certManager: {
			"--tls-cert-dir=/tls",
		},
		selfManaged: {
			"--ca-secret-name=bluegreen-ca",
			"--webhook-configuration-name=bluegreen",
			"--webhook-service-name=bluegreen-webhook",
		},
	} {
		if got, want := container(t, template(t, way)).Args, slices.Concat(common, own); !slices.Equal(got, want) {
			t.Errorf("%s runs with %q, want %q", way, got, want)
		}
	}
}

func TestWithoutMetricsNothingListens(t *testing.T) {
	t.Parallel()
	all := template(t, "--set=metrics.enabled=false,networkPolicy.enabled=true")
	if _, ok := all["Service/bluegreen-system/bluegreen-metrics"]; ok {
		t.Error("the metrics Service is rendered")
	}
	if args := container(t, all).Args; !slices.Contains(args, "--metrics-bind-address=0") {
		t.Errorf("args are %q", args)
	}
	for key, doc := range all {
		if strings.Contains(string(doc.raw), "8443") || strings.Contains(string(doc.raw), "port: metrics") {
			t.Errorf("%s still names the metrics port", key)
		}
	}
}

func TestDisruptionBudgetNeedsTwoPods(t *testing.T) {
	t.Parallel()
	for replicas, want := range map[string]bool{"0": false, "1": false, "2": true, "3": true} {
		_, got := template(t, "--set=replicas="+replicas)["PodDisruptionBudget/bluegreen-system/bluegreen"]
		if got != want {
			t.Errorf("with %s replicas rendered: %v, want %v", replicas, got, want)
		}
	}
}

func TestNamespacesAreWatchedAlone(t *testing.T) {
	t.Parallel()
	all := template(t, "--set=watchNamespaces={shop,blog}")
	if args := container(t, all).Args; !slices.Contains(args, "--watch-namespaces=shop,blog") {
		t.Errorf("args are %q", args)
	}
	selectors := map[string]any{}
	for _, webhook := range get[admissionv1.MutatingWebhookConfiguration](t, all, "MutatingWebhookConfiguration/bluegreen").Webhooks {
		selectors[webhook.Name] = webhook.NamespaceSelector
	}
	for _, name := range []string{
		"bluegreen",
		"bluegreen-deletion",
		"bluegreen-in-use-protection",
		"bluegreen-own-deployment-writes",
		"bluegreen-own-service-writes",
		"bluegreen-status",
	} {
		policy := get[admissionv1.ValidatingAdmissionPolicy](t, all, "ValidatingAdmissionPolicy/"+name)
		selectors[name] = policy.Spec.MatchConstraints.NamespaceSelector
	}
	want := `{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"In","values":["shop","blog"]}]}`
	for name, selector := range selectors {
		got, err := yaml.Marshal(selector)
		if err != nil {
			t.Fatal(err)
		}
		if got, err = yaml.YAMLToJSON(got); err != nil || string(got) != want {
			t.Errorf("%s selects %s (%v), want %s", name, got, err, want)
		}
	}
}

func container(t *testing.T, all objects) corev1.Container {
	t.Helper()
	return podSpec(t, all).Containers[0]
}

func podSpec(t *testing.T, all objects) corev1.PodSpec {
	t.Helper()
	return get[appsv1.Deployment](t, all, "Deployment/bluegreen-system/bluegreen").Spec.Template.Spec
}
