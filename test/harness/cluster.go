// Package harness is what the tests on a real cluster share: the way to the cluster, programs that they run as a person would,
// and waiting for objects.
package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Patience is how long anything may take before a test gives up on it. What must be faster than that is measured.
const Patience = 90 * time.Second

// Cluster is where the tests run.
type Cluster struct {
	kubernetes.Interface
	// Config is how to reach the API server, as an administrator and without a limit of its own.
	Config *rest.Config
	// Root is the top of the checkout.
	Root string
}

// Connect returns the cluster of KUBECONFIG. The tests are two directories below the top of the checkout.
func Connect() (*Cluster, error) {
	ctrl.SetLogger(klog.Background())
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	path := os.Getenv("KUBECONFIG")
	if path == "" {
		return nil, fmt.Errorf("KUBECONFIG is not set: run `make e2e`")
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	config.QPS = -1
	// Warnings are checked where kubectl prints them.
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("setting up a client: %w", err)
	}
	return &Cluster{client, config, root}, nil
}

// Explain logs what a person would look at after a failure.
func (c *Cluster) Explain(t testing.TB, namespace string) {
	t.Helper()
	for _, args := range [][]string{
		{"describe", "services", "-n", namespace},
		{"get", "deployments,pods", "-n", namespace, "-o", "wide"},
		{"get", "pods", "-n", Installed, "-o", "wide"},
		{"logs", "-n", Installed, "-l", "app.kubernetes.io/name=bluegreen", "--prefix", "--tail=40"},
	} {
		printed := Try(t, "kubectl", args...)
		t.Log("\n" + printed.Stdout + printed.Stderr)
	}
}

// Image returns the name of the image under test.
func Image() string {
	if image := os.Getenv("IMAGE"); image != "" {
		return image
	}
	return "bluegreen:dev"
}

// Install brings the chart, with some values, and the image under test into the cluster, or up to date there, and waits until the API
// server asks the webhook: that takes a moment after the pods are ready.
func (c *Cluster) Install(values ...string) error {
	command := exec.Command("hack/install", append([]string{Image(), "bin/images/webhook"}, values...)...)
	command.Dir = c.Root
	if printed, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("installing: %w\n%s", err, printed)
	}
	return c.awaitWebhook(context.Background())
}
