package manifests

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNotes(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	const warning, unprotected = "WARNING: replicas=1", "WARNING: inUseProtection.enabled=false"
	for name, test := range map[string]struct {
		set         string
		has, hasNot string
	}{
		"three commands":     {"replicas=2", "bluegreen/target-version=1.11 --overwrite", warning},
		"everywhere":         {"replicas=2", "switches Services in every namespace.", "shop"},
		"in some namespaces": {"watchNamespaces={shop,blog}", "switches Services in shop, blog.", "every namespace"},
		"one replica":        {"replicas=1", warning, "cert-manager"},
		"protection":         {"inUseProtection.enabled=true", "target-version", unprotected},
		"no protection":      {"inUseProtection.enabled=false", unprotected, warning},
		"finalizers":         {"replicas=2", "narrow watchNamespaces:\n", "or delete a namespace"},
		"rights":             {"watchNamespaces={shop}", "or delete a namespace (shop, bluegreen-system):\n", unprotected},
		"one release":        {"replicas=2", "A second release in namespace bluegreen-system is not supported", warning},
		"cert-manager":       {"tls.mode=cert-manager", "is issued by cert-manager (tls.mode=cert-manager)", "self-managed"},
		"self-managed":       {"tls.mode=auto", "keeps its CA in Secret bluegreen-system/bluegreen-ca (tls.mode=auto)", "issued by"},
	} {
		t.Run(name, func(t *testing.T) {
			notes := notes(t, test.set)
			if !strings.Contains(notes, test.has) || strings.Contains(notes, test.hasNot) {
				t.Errorf("want %q and not %q in:\n%s", test.has, test.hasNot, notes)
			}
		})
	}
}

func notes(t *testing.T, set string) string {
	t.Helper()
	out := mustRun(t, "helm", "install", "bluegreen", chart, "--namespace", namespace, "--dry-run=client", "--set="+set)
	_, notes, found := strings.Cut(out, "NOTES:\n")
	if !found {
		t.Fatalf("no notes in:\n%s", out)
	}
	return notes
}
