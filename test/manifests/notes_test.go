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
		set    string
		has    string
		hasNot string
	}{
		"three commands": {
			set:    "replicas=2",
			has:    "bluegreen/target-version=1.11 --overwrite",
			hasNot: warning,
		},
		"everywhere": {
			set:    "replicas=2",
			has:    "switches Services in every namespace.",
			hasNot: "shop",
		},
		"in some namespaces": {
			set:    "watchNamespaces={shop,blog}",
			has:    "switches Services in shop, blog.",
			hasNot: "every namespace",
		},
		"one replica": {
			set:    "replicas=1",
			has:    warning,
			hasNot: "cert-manager",
		},
		"protection": {
			set:    "inUseProtection.enabled=true",
			has:    "target-version",
			hasNot: unprotected,
		},
		"no protection": {
			set:    "inUseProtection.enabled=false",
			has:    unprotected,
			hasNot: warning,
		},
		"finalizers": {
			set:    "replicas=2",
			has:    "narrow watchNamespaces:\n",
			hasNot: "or delete a namespace",
		},
		"rights": {
			set:    "watchNamespaces={shop}",
			has:    "or delete a namespace (shop, bluegreen-system):\n",
			hasNot: unprotected,
		},
		"one release": {
			set:    "replicas=2",
			has:    "A second release in namespace bluegreen-system is not supported",
			hasNot: warning,
		},
		"cert-manager": {
			set:    "tls.mode=cert-manager",
			has:    "is issued by cert-manager (tls.mode=cert-manager)",
			hasNot: "self-managed",
		},
		"self-managed": {
			set:    "tls.mode=auto",
			has:    "keeps its CA in Secret bluegreen-system/bluegreen-ca (tls.mode=auto)",
			hasNot: "issued by",
		},
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
