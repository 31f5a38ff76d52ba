//go:build e2e

// Package e2e runs the installed product on a real cluster: what a person does through kubectl and Helm, with live
// requests all the while. It needs the local cluster and the image in it; `make e2e` provides both.
//
// The tests share one installation, so they run one after another. The first of a run makes it anew.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// release is the name of the Helm release, and of most objects in it.
	release = "bluegreen"
	// installed is the namespace of the release.
	installed = "bluegreen-system"
	// controller is the user name of bluegreen's controller.
	controller = "system:serviceaccount:" + installed + ":" + release

	// patience is how long anything may take before a test gives up on it. What must be faster than that is measured.
	patience = 90 * time.Second
)

var (
	// root is the top of the checkout.
	root string
	// cluster talks to the API server as an administrator, without a limit of its own.
	cluster kubernetes.Interface
)

func TestMain(m *testing.M) {
	if err := connect(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := writeWalked(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func connect() error {
	var err error
	if root, err = filepath.Abs("../.."); err != nil {
		return err
	}
	path := os.Getenv("KUBECONFIG")
	if path == "" {
		return fmt.Errorf("KUBECONFIG is not set: run `make e2e`")
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	config.QPS = -1
	// Warnings are checked where kubectl prints them.
	config.WarningHandler = rest.NoWarnings{}
	cluster, err = kubernetes.NewForConfig(config)
	return err
}
