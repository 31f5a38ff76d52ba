package manifests

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestAPIServerAcceptsEverything but the kinds that a cluster has from others.
func TestAPIServerAcceptsEverything(t *testing.T) {
	c := as(t, somebody)
	newNamespace(t, c, namespace)
	newNamespace(t, c, "shop")
	for name, all := range map[string]objects{
		"cert-manager":      template(t, certManager, "--set=networkPolicy.enabled=true", egress),
		"host network":      template(t, certManager, "--set=hostNetwork=true,dnsPolicy=ClusterFirstWithHostNet,webhook.timeoutSeconds=10"),
		"self-managed":      template(t, selfManaged),
		"single namespaces": template(t, "--set=watchNamespaces={shop}"),
		"kustomize":         withoutNamespace(kustomize(t, config+"/default")),
	} {
		for _, doc := range all {
			if foreign(doc) {
				continue
			}
			if err := c.Create(t.Context(), doc.Unstructured, client.DryRunAll, client.FieldValidation("Strict")); err != nil {
				t.Errorf("%s: %s: %v", name, doc.key(), err)
			}
		}
	}
}

// TestPodsAreRestricted lets the API server's own Pod Security admission judge the pods.
func TestPodsAreRestricted(t *testing.T) {
	c := as(t, somebody)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   "restricted",
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := c.Create(t.Context(), ns); client.IgnoreAlreadyExists(err) != nil {
		t.Fatal(err)
	}
	for _, way := range []string{certManager, selfManaged} {
		all := template(t, way)
		for name, spec := range map[string]corev1.PodSpec{
			"Deployment":     podSpec(t, all),
			"uninstall hook": uninstallJob(t, all).Spec.Template.Spec,
		} {
			spec.ServiceAccountName = "default"
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "bluegreen"}, Spec: spec}
			if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
				t.Errorf("%s: %s: %v", way, name, err)
			}
		}
	}
}

// TestUpgradeKeepsTheCA that bluegreen wrote into the Secret and the webhook configuration of the chart.
func TestUpgradeKeepsTheCA(t *testing.T) {
	c := as(t, controller)
	ns := newNamespace(t, c, "upgraded")
	// In one namespace: a policy that is gone stays in force for a moment, and would judge the tests to come.
	here := "--set=watchNamespaces={" + ns + "}"
	helm(t, "install", "kept", "--namespace="+ns, here)
	secret, configuration := &corev1.Secret{}, &admissionv1.MutatingWebhookConfiguration{}
	read(t, c, ns, "kept-bluegreen-ca", secret)
	read(t, c, "", "kept-bluegreen", configuration)
	ca := pemCertificate(t)
	secret.Data = map[string][]byte{"ca.crt": ca}
	configuration.Webhooks[0].ClientConfig.CABundle = ca
	for _, object := range []client.Object{secret, configuration} {
		if err := c.Update(t.Context(), object, client.FieldOwner("bluegreen")); err != nil {
			t.Fatal(err)
		}
	}
	helm(t, "upgrade", "kept", "--namespace="+ns, here, "--set=logging.verbosity=1")
	read(t, c, ns, "kept-bluegreen-ca", secret)
	read(t, c, "", "kept-bluegreen", configuration)
	if string(secret.Data["ca.crt"]) != string(ca) {
		t.Errorf("after the upgrade the Secret has %v", secret.Data)
	}
	if string(configuration.Webhooks[0].ClientConfig.CABundle) != string(ca) {
		t.Error("after the upgrade the webhook configuration has another caBundle")
	}
	mustRun(t, "helm", "uninstall", "kept", "--namespace="+ns, "--no-hooks")
}

// helm installs or upgrades a release of the chart, self-managed, in the API server of the tests.
func helm(t *testing.T, action, release string, args ...string) {
	t.Helper()
	useKubeconfig(t)
	mustRun(t, "helm", append([]string{action, release, chart, selfManaged}, args...)...)
}

// useKubeconfig points the programs that a test runs to the API server of the tests.
func useKubeconfig(t *testing.T) {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, environment.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
}

func read(t *testing.T, c client.Client, namespace, name string, into client.Object) {
	t.Helper()
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, into); err != nil {
		t.Fatal(err)
	}
}

// pemCertificate is any certificate: the API server wants a caBundle to hold one.
func pemCertificate(t *testing.T) []byte {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return certificateOf(server)
}
