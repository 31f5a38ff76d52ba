//go:build e2e

package chaos

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

var faults = []fault{
	{name: "none", inject: func(*testing.T) func(*testing.T) { return nil }},

	{name: "the leader is killed", inject: killLeader},
	{name: "both pods are killed", inject: killBoth},
	{name: "the leader is frozen for 6 s", lasts: 6 * time.Second, inject: freezeLeader},
	{name: "the leader cannot reach the API server for 8 s", lasts: 8 * time.Second, inject: cutLeader},
	{name: "no pod of bluegreen can reach the API server for 8 s, nor be reached", lasts: 8 * time.Second, inject: cutBoth},

	{name: "its pods are replaced by some with a clock 5 minutes ahead, and back", lasts: 20 * time.Second, inject: clock("ahead")},
	{name: "its pods are replaced by some with a clock 5 minutes behind, and back", lasts: 20 * time.Second, inject: clock("behind")},

	{name: "the API server is killed, and started 3 s later", lasts: 3 * time.Second, inject: killAPIServer},
	{name: "etcd stops for 4 s", lasts: 4 * time.Second, inject: stopEtcd},
	{name: "etcd refuses writes for 6 s: its space is used up", lasts: 6 * time.Second, inject: fillEtcd},
	{name: "the leader's node loses power for 10 s", lasts: 10 * time.Second, inject: stopNode},
	{
		name:  "another webhook, with failurePolicy Fail, does not answer for 6 s",
		lasts: 6 * time.Second, inject: failWebhook, tells: bluegreen.ReasonWriteFailed,
	},
}

// onNode runs a command in a node.
func onNode(t *testing.T, node string, command ...string) {
	t.Helper()
	script(t, "enter", append([]string{node}, command...)...)
}

// script runs a script of the local cluster.
func script(t *testing.T, name string, args ...string) {
	t.Helper()
	harness.Run(t, filepath.Join(cluster.Root, "test/cluster", name), args...)
}
