//go:build e2e

// Package chaos asks for versions while something fails: bluegreen, the control plane, the network, a node, somebody else's webhook.
// It needs the local cluster with three nodes, to itself, and root; `make chaos` provides all.
//
// A round asks once for another version, under live requests, with one fault at a random moment around the ask. It judges what
// docs/reliability.md promises: the ask is carried out, no request fails, none is answered by a version that nobody asked for, and
// nothing but bluegreen's own write, to the version asked for, moves traffic.
package chaos

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

var (
	rounds = flag.Int("rounds", 100, "how many rounds")
	seed   = flag.Uint64("seed", 1+rand.Uint64N(1<<32), "decides faults, moments and asks; how they meet is up to the machine")
	update = flag.Bool("update", false, "write the table of all rounds in "+resultsFile+" into docs/reliability.md")
)

// cluster talks to the API server as an administrator, without a limit of its own.
var cluster *harness.Cluster

func TestMain(m *testing.M) {
	var err error
	if cluster, err = harness.Connect(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := writeTable(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func TestChaos(t *testing.T) {
	prepareCluster(t)
	w := newWorld(t)
	t.Logf("again: make chaos ROUNDS=%d SEED=%d", *rounds, *seed)
	var order []int
	for n := range *rounds {
		if n%len(faults) == 0 {
			order = rand.New(rand.NewPCG(*seed, uint64(n))).Perm(len(faults))
		}
		f := faults[order[n%len(faults)]]
		// A round draws from dice of its own, so that one round can be repeated without those before it.
		dice := rand.New(rand.NewPCG(*seed, uint64(n)<<32))
		passed := t.Run(fmt.Sprintf("%03d %s", n+1, f.name), func(t *testing.T) { w.round(t, n+1, f, dice) })
		if !passed {
			w = newWorld(t) // The next round is not to suffer from what this one left.
		}
	}
}
