package manifests

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"
)

// TestSupportedVersions compares what is said of the versions of Kubernetes with what is built for the tests, and with what this
// run tests.
func TestSupportedVersions(t *testing.T) {
	oldest, newest := builtBy(t, "kubernetes-oldest"), builtBy(t, "kubernetes")
	minor := fmt.Sprintf("%d.%d", oldest.Major(), oldest.Minor())
	for file, says := range map[string][]string{
		chart + "/Chart.yaml": {`kubeVersion: ">=` + minor + `.0-0"`},
		"../../README.md":     {"Kubernetes " + minor + " or newer", "tested on " + oldest.String() + " and " + newest.String()},
		"../../docs/operating.md": {"Kubernetes " + minor + " or newer", "a cluster of Kubernetes " + newest.String(),
			"the API server of " + oldest.String()},
		"../../CONTRIBUTING.md": {"bin/kubernetes/v" + newest.String(), "`v" + oldest.String() + "`"},
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range says {
			if !strings.Contains(strings.Join(strings.Fields(string(content)), " "), part) {
				t.Errorf("%s does not say %q", file, part)
			}
		}
	}
	if served := served(t); !served.EqualTo(oldest) && !served.EqualTo(newest) {
		t.Errorf("this API server is of version %s, want %s or %s: run these tests by `make test`", served, oldest, newest)
	}
}

var builtVersion = regexp.MustCompile(`\n\tk8s\.io/kubernetes v(\S+)`)

// builtBy returns the version of Kubernetes that a module in hack/tools builds.
func builtBy(t *testing.T, module string) *version.Version {
	t.Helper()
	content, err := os.ReadFile("../../hack/tools/" + module + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := builtVersion.FindSubmatch(content)
	if found == nil {
		t.Fatalf("hack/tools/%s/go.mod does not require k8s.io/kubernetes", module)
	}
	return version.MustParseGeneric(string(found[1]))
}

// served returns the version of the API server under test.
func served(t *testing.T) *version.Version {
	t.Helper()
	as(t, somebody) // starts it
	client, err := discovery.NewDiscoveryClientForConfig(environment.config)
	if err != nil {
		t.Fatal(err)
	}
	info, err := client.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	return version.MustParseGeneric(info.GitVersion)
}
