// Package manifests tests what users install: the chart, the kustomize manifests, and the CEL in both.
package manifests

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	chart     = "../../charts/bluegreen"
	config    = "../../config"
	namespace = "bluegreen-system"

	certManager = "--set=tls.mode=cert-manager"
	selfManaged = "--set=tls.mode=self-managed"

	unprotected = "--set=inUseProtection.enabled=false"
)

// run returns the output of a tool, and an error with what it printed to stderr if it fails.
func run(t *testing.T, tool string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("%s is not on the PATH: run these tests by `make test`, which builds it", tool)
	}
	cmd := exec.Command(tool, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), errors.New(err.Error() + "\n" + stderr.String())
	}
	return stdout.String(), nil
}

func mustRun(t *testing.T, tool string, args ...string) string {
	t.Helper()
	out, err := run(t, tool, args...)
	if err != nil {
		t.Fatalf("running %s %q: %v", tool, args, err)
	}
	return out
}

// template renders the chart as release bluegreen, by which the objects have the same names as in config/.
func template(t *testing.T, args ...string) objects {
	t.Helper()
	return templateIn(t, namespace, args...)
}

func templateIn(t *testing.T, namespace string, args ...string) objects {
	t.Helper()
	args = append([]string{"template", "bluegreen", chart, "--namespace", namespace}, args...)
	return parse(t, mustRun(t, "helm", args...))
}

func kustomize(t *testing.T, dir string) objects {
	t.Helper()
	return parse(t, mustRun(t, "kubectl", "kustomize", dir))
}

// overlay writes a kustomization as a user would, in a directory of its own. It adds every optional component that adds objects.
func overlay(t *testing.T, base, namespace string, components ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, component := range append(components, "prometheus", "network-policy", "restricted-approval", "checks") {
		paths = append(paths, relative(t, dir, component))
	}
	content := "namespace: " + namespace +
		"\nresources: [" + relative(t, dir, base) + "]" +
		"\ncomponents: [" + strings.Join(paths, ", ") + "]" +
		"\ntransformers: [" + relative(t, dir, "namespace") + "]\n"
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func relative(t *testing.T, from, name string) string {
	t.Helper()
	to, err := filepath.Abs(filepath.Join(config, name))
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Rel(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// objects holds rendered documents by kind, namespace and name.
type objects map[string]document

type document struct {
	raw []byte
	*unstructured.Unstructured
}

var separator = regexp.MustCompile(`(?m)^---$`)

func parse(t *testing.T, rendered string) objects {
	t.Helper()
	all := objects{}
	for _, text := range separator.Split(rendered, -1) {
		object := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
			t.Fatalf("parsing: %v\n%s", err, text)
		}
		if len(object) == 0 {
			continue
		}
		doc := document{raw: []byte(text), Unstructured: &unstructured.Unstructured{Object: object}}
		if _, twice := all[doc.key()]; twice {
			t.Errorf("%s is rendered twice", doc.key())
		}
		all[doc.key()] = doc
	}
	return all
}

func (d document) key() string {
	if d.GetNamespace() == "" {
		return d.GetKind() + "/" + d.GetName()
	}
	return d.GetKind() + "/" + d.GetNamespace() + "/" + d.GetName()
}

// hook reports whether the object is a Helm hook, which Helm creates only at a certain moment and kustomize never.
func (d document) hook() bool {
	_, ok := d.GetAnnotations()["helm.sh/hook"]
	return ok
}

// get decodes one document into its API type, and refuses fields that the type does not have.
func get[T any](t *testing.T, all objects, key string) *T {
	t.Helper()
	doc, ok := all[key]
	if !ok {
		t.Fatalf("%s is not rendered", key)
	}
	into := new(T)
	if err := yaml.UnmarshalStrict(doc.raw, into); err != nil {
		t.Fatalf("decoding %s: %v", key, err)
	}
	return into
}
