package manifests

import (
	"strings"
	"testing"
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
