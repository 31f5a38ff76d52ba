//go:build e2e

// Package clients writes one Service in every way that people do, with the real programs against a real cluster, and prints
// what comes of it as the table in docs/clients.md. It needs the local cluster and the image in it; `make e2e` and
// `make clients-table` provide both.
//
// Pods are played by the tests: the API server and every controller are real, but no node runs them, so that hundreds of
// cells with a namespace each cost little, and a version becomes ready when a test says so.
package clients

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// patience is how long anything may take before a test gives up on it.
const patience = 60 * time.Second

var (
	update = flag.Bool("update", false, "write the table into docs/clients.md")

	// root is the top of the checkout.
	root string
	// config is how to reach the API server, as an administrator and without a limit of its own.
	config *rest.Config
	// cluster talks to the API server where it does not matter who does.
	cluster kubernetes.Interface
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := setUp(); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func setUp() error {
	var err error
	if root, err = filepath.Abs("../.."); err != nil {
		return err
	}
	path := os.Getenv("KUBECONFIG")
	if path == "" {
		return fmt.Errorf("KUBECONFIG is not set: run `make e2e`")
	}
	if config, err = clientcmd.BuildConfigFromFlags("", path); err != nil {
		return fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	if cluster, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	return install()
}

// install brings the chart and the image under test into the cluster, or up to date there.
func install() error {
	image := os.Getenv("IMAGE")
	if image == "" {
		image = "bluegreen:dev"
	}
	command := exec.Command("hack/install", image, "bin/images/webhook")
	command.Dir = root
	if printed, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("installing: %w\n%s", err, printed)
	}
	return nil
}
