package api

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/release"
)

// installation is an installed chart, whose pods the tests run as processes.
type installation struct{ *release.Release }

func install(ctx context.Context, dir, name, namespace string, values ...string) (*installation, error) {
	r, err := cluster.Install(ctx, "../../charts/bluegreen", dir, name, namespace, values...)
	return &installation{r}, err
}

// adminKubeconfig is a file for programs that a cluster's owner runs.
func adminKubeconfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "admin.kubeconfig")
	if err := cluster.WriteKubeconfig(path, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// user is the config of the release's ServiceAccount.
func (r *installation) user(t *testing.T) *rest.Config {
	t.Helper()
	user, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// replica is one running process of a release.
type replica struct{ *release.Replica }

// start runs one more replica and waits until it is ready and in the webhook's Service.
func (r *installation) start(t *testing.T, extra ...string) *replica {
	t.Helper()
	p, err := r.Start(t.Context(), program, extra...)
	if p != nil {
		t.Cleanup(func() {
			p.End(t.Context(), syscall.SIGTERM)
			if t.Failed() {
				t.Logf("log of %s:\n%s", r.Name, p.Log)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return &replica{p}
}

// end ends the process: out of the Service first, unless it is killed.
func (p *replica) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	p.End(t.Context(), signal)
}

// serving waits until the API server asks the webhook: a dry run is answered with a phase.
func serving(t *testing.T, namespace string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		probe := service(namespace, "1.10", "1.10")
		probe.Name = "probe"
		err := admin.Create(ctx, probe, client.DryRunAll)
		return probe.Annotations["bluegreen/phase"] != "", err
	})
	if err != nil {
		t.Fatalf("the API server does not ask the webhook: %v", err)
	}
}
