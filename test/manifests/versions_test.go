package manifests

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"
)

// TestSupportedVersions compares what is said of the versions of Kubernetes with what is built for the tests, and with what this
// run tests.
func TestSupportedVersions(t *testing.T) {
	oldest, newest := builtBy(t, "kubernetes-oldest"), builtBy(t, "kubernetes")
	minor := fmt.Sprintf("%d.%d", oldest.Major(), oldest.Minor())
	for file, says := range map[string]string{
		"../../README.md":       "Kubernetes " + minor + " or newer",
		"../../docs/operate.md": "Kubernetes " + minor + " or newer",
		"../../CONTRIBUTING.md": "v" + oldest.String() + "`, the oldest version",
	} {
		page := readFile(t, file)
		if !strings.Contains(page, says) {
			t.Errorf("%s does not say %q", file, says)
		}
		named := sets.New(fullVersion.FindAllString(page, -1)...)
		if !named.Equal(sets.New(oldest.String(), newest.String())) {
			t.Errorf("%s names the versions %s, want %s and %s", file, sets.List(named), oldest, newest)
		}
	}
	if constraint := `kubeVersion: ">=` + minor + `.0-0"`; !strings.Contains(readFile(t, chart+"/Chart.yaml"), constraint) {
		t.Errorf("Chart.yaml does not say %s", constraint)
	}
	if served := served(t); !served.EqualTo(oldest) && !served.EqualTo(newest) {
		t.Errorf("this API server is of version %s, want %s or %s: run these tests by `make test`", served, oldest, newest)
	}
}

var (
	// fullVersion is a version of Kubernetes with its patch level.
	fullVersion = regexp.MustCompile(`1\.\d\d\.\d+`)

	required = regexp.MustCompile(`\n\tk8s\.io/kubernetes v(\S+)`)
)

// builtBy returns the version of Kubernetes that a module in hack/tools builds.
func builtBy(t *testing.T, module string) *version.Version {
	t.Helper()
	found := required.FindStringSubmatch(readFile(t, "../../hack/tools/"+module+"/go.mod"))
	if found == nil {
		t.Fatalf("hack/tools/%s/go.mod does not require k8s.io/kubernetes", module)
	}
	return version.MustParseGeneric(found[1])
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
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
