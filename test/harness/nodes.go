package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Node is a node of the local cluster.
type Node struct {
	Name string

	root string
	init string // Its process id.
}

// Nodes returns the nodes of the local cluster, in the order of their names.
func (c *Cluster) Nodes(t testing.TB) []Node {
	t.Helper()
	list, err := c.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var nodes []Node
	for _, item := range list.Items {
		pid := Run(t, filepath.Join(c.Root, "test/cluster/pid"), item.Name).Stdout
		nodes = append(nodes, Node{Name: item.Name, root: c.Root, init: strings.TrimSpace(pid)})
	}
	return nodes
}

// Run runs a program in the node, which must succeed, and returns what it printed.
func (n Node) Run(t testing.TB, program ...string) string {
	t.Helper()
	return Run(t, filepath.Join(n.root, "test/cluster/enter"), append([]string{n.Name}, program...)...).Stdout
}

// Dial connects to an IP address from the node's network: a socket stays in the network in which it was made.
func (n Node) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread() // The network is the thread's.
	defer runtime.UnlockOSThread()
	leave, err := enterNetwork("/proc/" + n.init + "/ns/net")
	if err != nil {
		return nil, fmt.Errorf("entering the network of %s, which needs root: %w", n.Name, err)
	}
	defer leave()
	return new(net.Dialer).DialContext(ctx, network, address)
}

// enterNetwork has this thread be in another network until it leaves that.
func enterNetwork(path string) (leave func(), err error) {
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	there, err := os.Open(path)
	if err != nil {
		return nil, errors.Join(err, here.Close())
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, errors.Join(err, here.Close())
	}
	return func() {
		defer here.Close()
		if err := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.LockOSThread() // Nobody else may have this thread: it ends with its goroutine.
		}
	}, nil
}
