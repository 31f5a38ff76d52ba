package installation

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Suite is what all tests of a package share: an API server, the program that ships, and the chart, installed, of which no replica
// runs yet.
type Suite struct {
	*Cluster
	Shipped *Installation

	root, dir, program, chart string
}

// Run starts a suite from the root of the repository, with values of the chart, hands it over, runs the tests and returns their exit code.
func Run(m *testing.M, root string, handOver func(*Suite), values ...string) int {
	ctrl.SetLogger(klog.Background())
	code, err := run(m, root, handOver, values...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func run(m *testing.M, root string, handOver func(*Suite), values ...string) (int, error) {
	dir, err := os.MkdirTemp("", "bluegreen-test")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	s := &Suite{root: root, dir: dir, chart: filepath.Join(root, "charts", "bluegreen")}
	if s.program, err = s.Build("webhook"); err != nil {
		return 0, err
	}
	environment := NewControlPlane()
	defer func() { _ = environment.Stop() }()
	if s.Cluster, err = StartControlPlane(environment); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if s.Shipped, err = s.install(ctx, dir, "bluegreen", append(values, "drain=1s")...); err != nil {
		return 0, err
	}
	if err := s.ObserveGenerations(ctx); err != nil {
		return 0, err
	}
	handOver(s)
	return m.Run(), nil
}

// Build builds one of the programs of cmd/ for the tests of a package, and returns its path.
func (s *Suite) Build(name string) (string, error) {
	program := filepath.Join(s.dir, name)
	if output, err := exec.Command("go", "build", "-C", s.root, "-o", program, "./cmd/"+name).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, output)
	}
	return program, nil
}

func (s *Suite) install(ctx context.Context, dir, name string, values ...string) (*Installation, error) {
	installed, err := s.Install(ctx, s.chart, dir, name, name+"-system", values...)
	if err != nil {
		return nil, err
	}
	installed.Program = s.program
	return installed, nil
}

// InstallFor installs the chart once more, for one test.
func (s *Suite) InstallFor(t *testing.T, name string, values ...string) *Installation {
	t.Helper()
	installed, err := s.install(t.Context(), t.TempDir(), name, values...)
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

// StartFor runs one more replica for the length of a test, and waits until it is ready and in the webhook's Service.
func (i *Installation) StartFor(t *testing.T, extra ...string) *Replica {
	t.Helper()
	replica, err := i.Start(t.Context(), extra...)
	if replica != nil {
		t.Cleanup(func() {
			replica.End(t.Context(), syscall.SIGTERM)
			if t.Failed() {
				t.Logf("log of %s:\n%s", i.Name, replica.Log)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return replica
}

// Namespace makes a namespace for one test.
func (s *Suite) Namespace(t *testing.T) string {
	t.Helper()
	made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := s.Admin.Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	return made.Name
}
