package manifests

import (
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestSecondInstallation lets Helm install bluegreen beside another one where the two do not meet, and nowhere else.
func TestSecondInstallation(t *testing.T) {
	c := as(t, controller)
	first, second := newNamespace(t, c, "overlap-first"), newNamespace(t, c, "overlap-second")
	for _, watched := range []string{"shop", "blog"} {
		newNamespace(t, c, watched)
	}
	helm(t, "install", "first", "--namespace="+first, "--set=watchNamespaces={shop}")
	t.Cleanup(func() { mustRun(t, "helm", "uninstall", "first", "--namespace="+first, "--no-hooks") })
	helm(t, "upgrade", "first", "--namespace="+first, "--set=watchNamespaces={shop}")
	helm(t, "upgrade", "first", "--namespace="+first, "--set=watchNamespaces={shop},fullnameOverride=renamed", "--dry-run=server")
	excludeAsAKS(t, c, "first-bluegreen")

	for name, test := range map[string]struct {
		namespace, watch, want string
	}{
		"the same namespace is watched": {
			namespace: second,
			watch:     `["blog","shop"]`,
			want:      "watchNamespaces: shop is watched already, by the installation first-bluegreen in namespace overlap-first",
		},
		"every namespace is watched": {
			namespace: second,
			watch:     `[]`,
			want: "bluegreen is installed in namespace overlap-first already, as first-bluegreen: " +
				"let each watch namespaces of its own (watchNamespaces)",
		},
		"both are in one namespace": {
			namespace: first,
			watch:     `["blog"]`,
			want: "bluegreen is installed in namespace overlap-first already, as first-bluegreen: " +
				"one namespace can have one installation",
		},
		"they do not meet": {
			namespace: second,
			watch:     `["blog"]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			useKubeconfig(t)
			printed, err := run(t, "helm", "install", "second", chart, selfManaged, "--dry-run=server",
				"--namespace="+test.namespace, "--set-json=watchNamespaces="+test.watch)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one with %q; printed %.200s", err, test.want, printed)
			}
		})
	}
}

// excludeAsAKS adds to the namespaceSelectors of a webhook configuration what AKS adds, to keep webhooks out of its own namespaces.
func excludeAsAKS(t *testing.T, c client.Client, name string) {
	t.Helper()
	found := &admissionv1.MutatingWebhookConfiguration{}
	if err := c.Get(t.Context(), client.ObjectKey{Name: name}, found); err != nil {
		t.Fatal(err)
	}
	for i := range found.Webhooks {
		selector := found.Webhooks[i].NamespaceSelector
		selector.MatchExpressions = append(selector.MatchExpressions,
			metav1.LabelSelectorRequirement{Key: "control-plane", Operator: metav1.LabelSelectorOpDoesNotExist},
			metav1.LabelSelectorRequirement{Key: "kubernetes.azure.com/managedby", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"aks"}})
	}
	if err := c.Update(t.Context(), found); err != nil {
		t.Fatal(err)
	}
}
