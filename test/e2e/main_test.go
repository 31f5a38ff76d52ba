//go:build e2e

// Package e2e runs the installed product on a real cluster: what a person does through kubectl and Helm, with live
// requests all the while. It needs the local cluster and the image in it; `make e2e` provides both.
//
// The tests share one installation, so they run one after another. The first of a run makes it anew.
package e2e

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

const (
	release   = harness.Release
	installed = harness.Installed
)

// cluster talks to the API server as an administrator, without a limit of its own.
var cluster *harness.Cluster

func TestMain(m *testing.M) {
	var err error
	if cluster, err = harness.Connect(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := errors.Join(writeWalked(), writeMeasured()); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(code)
}
