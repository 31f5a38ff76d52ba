//go:build e2e

package clients

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// namespace is a cell's own: its objects, which programs write, and a directory for what these read.
type namespace struct {
	*testing.T
	name string
	dir  string
}

// newNamespace makes a namespace, which a meddler may be asked about, and removes it when the test ends.
func newNamespace(t *testing.T, meddler meddler) *namespace {
	t.Helper()
	made, err := cluster.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "clients-",
		Labels:       map[string]string{meddlerLabel: string(meddler)},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: helm and kubectl take a comma, which a test's name may have, for the end of a path.
	dir, err := os.MkdirTemp("", "clients-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ns := &namespace{T: t, name: made.Name, dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			ns.explain()
		}
		// Nothing waits for the end of it: namespace deletion has a test of its own.
		if err := cluster.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return ns
}

// explain logs what a person would look at after a failure.
func (ns *namespace) explain() {
	for _, args := range [][]string{
		{"get", "service", service, "--output", "yaml", "--show-managed-fields"},
		{"get", "deployments,pods,events"},
	} {
		ns.Logf("\n%s", ns.kubectl(args...).Stdout)
	}
}

// file writes a file into the namespace's directory, and returns its path.
func (ns *namespace) file(name string, content []byte) string {
	ns.Helper()
	path := filepath.Join(ns.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		ns.Fatal(err)
	}
	return path
}

func (ns *namespace) run(name string, args ...string) harness.Output {
	ns.Helper()
	return harness.Try(ns, name, args...)
}

// createService creates a Service in somebody's name, which no client has to do.
func (ns *namespace) createService(object *corev1.Service) {
	ns.Helper()
	if _, err := cluster.CoreV1().Services(ns.name).Create(ns.Context(), object, metav1.CreateOptions{}); err != nil {
		ns.Fatal(err)
	}
}

// get returns Service web from the API server.
func (ns *namespace) get() *corev1.Service {
	ns.Helper()
	current, err := cluster.CoreV1().Services(ns.name).Get(ns.Context(), service, metav1.GetOptions{})
	if err != nil {
		ns.Fatal(err)
	}
	return current
}

func (ns *namespace) awaitService(name, what string, condition func(*corev1.Service) bool) *corev1.Service {
	ns.Helper()
	services := cache.NewListWatchFromClient(cluster.CoreV1().RESTClient(), "services", ns.name, harness.Named(name))
	return harness.Await(ns, services, "Service "+name+" to have "+what, condition)
}

// awaitVersion waits until a Service is on a version.
func (ns *namespace) awaitVersion(name, version string) {
	ns.Helper()
	ns.awaitService(name, "version "+version, func(s *corev1.Service) bool { return s.Spec.Selector["version"] == version })
}
