package manifests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

const (
	releaseVersion    = "1.2.3"
	releaseRepository = "registry.example/team/bluegreen"
	releasedImage     = releaseRepository + ":" + releaseVersion
)

// manifestsOf maps what kubectl installs from a release to the chart's value that renders the same.
var manifestsOf = map[string]string{
	"install-cert-manager.yaml": certManager,
	"install-self-managed.yaml": selfManaged,
}

// released makes the chart and the manifests of a release, and returns their directory.
func released(t *testing.T) string {
	t.Helper()
	dist := t.TempDir()
	t.Setenv("DIST", dist)
	t.Setenv("VERSION", releaseVersion)
	t.Setenv("REPOSITORY", releaseRepository)
	t.Setenv("SOURCE_DATE_EPOCH", "1795852800")
	mustRun(t, "../../hack/release", "chart", "checksums")
	return dist
}

func TestReleasedFilesDependOnVersionAndCommitAlone(t *testing.T) {
	first, second := released(t), released(t)
	sums := readFile(t, filepath.Join(first, "SHA256SUMS"))
	if again := readFile(t, filepath.Join(second, "SHA256SUMS")); sums != again {
		t.Errorf("two releases of the same differ:\n%s\n%s", sums, again)
	}
	for _, file := range []string{"bluegreen-1.2.3.tgz", "install-cert-manager.yaml", "install-self-managed.yaml"} {
		if !strings.Contains(sums, "  "+file+"\n") {
			t.Errorf("no checksum of %s in\n%s", file, sums)
		}
	}
}

func TestReleasedChartHasVersionAndImage(t *testing.T) {
	packed := filepath.Join(released(t), "bluegreen-1.2.3.tgz")
	var described struct{ Version, AppVersion string }
	if err := yaml.Unmarshal([]byte(mustRun(t, "helm", "show", "chart", packed)), &described); err != nil {
		t.Fatal(err)
	}
	if described.Version != releaseVersion || described.AppVersion != releaseVersion {
		t.Errorf("the chart says %+v, want both %s", described, releaseVersion)
	}
	all := parse(t, mustRun(t, "helm", "template", "bluegreen", packed, "--namespace", namespace, selfManaged))
	if image := podSpec(t, all).Containers[0].Image; image != releasedImage {
		t.Errorf("the pods run %s, want %s", image, releasedImage)
	}
	if image := uninstallJob(t, all).Spec.Template.Spec.Containers[0].Image; image != releasedImage {
		t.Errorf("the uninstaller runs %s, want %s", image, releasedImage)
	}
	if page := mustRun(t, "helm", "show", "readme", packed); !strings.Contains(page, "`\""+releaseRepository+"\"`") {
		t.Errorf("the chart's page does not say that image.repository is %s", releaseRepository)
	}
}

func TestReleasedManifestsAreTheChart(t *testing.T) {
	dist := released(t)
	for file, mode := range manifestsOf {
		all := parse(t, readFile(t, filepath.Join(dist, file)))
		if _, ok := all["Namespace/"+namespace]; !ok {
			t.Errorf("%s lacks its namespace", file)
		}
		for key, doc := range all {
			if manager := doc.GetLabels()["app.kubernetes.io/managed-by"]; manager != "" {
				t.Errorf("%s: %s is managed by %s", file, key, manager)
			}
		}
		compare(t, installed(template(t, mode, "--set=image.repository="+releaseRepository, "--set=image.tag="+releaseVersion)),
			withoutNamespace(all))
	}
}

// TestReleasedManifestsApply as kubectl does it, on an API server of their own: the policies would judge what other tests write.
func TestReleasedManifestsApply(t *testing.T) {
	dist := released(t)
	for file := range manifestsOf {
		t.Run(file, func(t *testing.T) {
			startAlone(t)
			path, all := withoutForeign(t, filepath.Join(dist, file))
			printed := mustRun(t, "kubectl", "apply", "--server-side", "--validate=strict", "--filename", path)
			if applied := strings.Count(printed, " serverside-applied\n"); applied != len(all) {
				t.Errorf("%d of %d objects are applied:\n%s", applied, len(all), printed)
			}
			before := versions(t, path)
			if len(before) != len(all) {
				t.Errorf("%d of %d objects are there: %q", len(before), len(all), before)
			}
			mustRun(t, "kubectl", "apply", "--server-side", "--filename", path)
			if after := versions(t, path); !slices.Equal(before, after) {
				t.Errorf("to apply it again changes objects:\n%q\n%q", before, after)
			}
		})
	}
}

// startAlone starts an API server for one test, and points kubectl to it.
func startAlone(t *testing.T) {
	t.Helper()
	server := &envtest.Environment{}
	if _, err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, server.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
}

// withoutForeign copies a manifest without the kinds that a cluster has from others, in the same order.
func withoutForeign(t *testing.T, path string) (string, objects) {
	t.Helper()
	var kept []string
	for _, text := range separator.Split(readFile(t, path), -1) {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 && !foreign(document{Unstructured: &object}) {
			kept = append(kept, text)
		}
	}
	content := strings.Join(kept, "\n---\n")
	path = filepath.Join(t.TempDir(), "install.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, parse(t, content)
}

// versions returns the resourceVersion of every object of a manifest.
func versions(t *testing.T, path string) []string {
	t.Helper()
	return strings.Fields(mustRun(t, "kubectl", "get", "--filename", path, "--output",
		`jsonpath={range .items[*]}{.kind}/{.metadata.name}/{.metadata.resourceVersion}{"\n"}{end}`))
}
