//go:build e2e

// Package clients writes one Service in every way that people do, with the real programs against a real cluster, and prints
// what comes of it as the table in docs/clients.md. It needs the local cluster and the image in it; `make e2e` and
// `make clients-table` provide both.
//
// A column of the table is a client: to add one, add it to the clients. A row is a situation: to add one, add it to the
// situations, with a function of what is done. Each client in each situation is a cell, in a namespace of its own.
//
// Pods are played by the tests: the API server and every controller are real, but no node runs them, so that hundreds of
// cells with a namespace each cost little, and a version becomes ready when a test says so.
package clients

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

var (
	update = flag.Bool("update", false, "write the table into docs/clients.md")

	// cluster talks to the API server where it does not matter who does.
	cluster *harness.Cluster
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
	if cluster, err = harness.Connect(); err != nil {
		return err
	}
	return cluster.Install("checks.enabled=true")
}
