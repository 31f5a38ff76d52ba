//go:build e2e

// Package gitops has Argo CD and Flux themselves keep an application as Git says, on the local cluster, under live requests, and prints
// what comes of it as a table in docs/clients.md. It needs the local cluster, the image in it, and the engines; `make gitops` provides
// them.
//
// The engines are processes beside the tests, which all cells share, and their logs are in bin/cluster/logs. A column of the table is an
// engine in one of its modes, a row is a situation, and each cell has a repository and a namespace of its own. What an engine's user has to
// set up for bluegreen is read out of docs/clients.md, as a user would do it.
package gitops

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"k8s.io/client-go/dynamic"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

var (
	update = flag.Bool("update", false, "write the table into docs/clients.md")

	// cluster talks to the API server where it does not matter who does.
	cluster *harness.Cluster
	// objects talks to it about the objects of the engines.
	objects dynamic.Interface
	// repositories are served to the engines.
	repositories *gitServer
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gitops:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	var err error
	if cluster, err = harness.Connect(); err != nil {
		return 0, err
	}
	if objects, err = dynamic.NewForConfig(cluster.Config); err != nil {
		return 0, err
	}
	if err := cluster.Install(); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "gitops-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())
	processes := &programs{ctx: ctx, dir: dir}
	defer processes.wait()
	defer stop()
	if repositories, err = serveGit(dir); err != nil {
		return 0, err
	}
	for _, start := range []func(*programs) error{startFlux, startArgoCD} {
		if err := start(processes); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}
