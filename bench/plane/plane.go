// Package plane runs what is measured: a real kube-apiserver with its etcd, and the processes of bluegreen and of its peers.
// There is no node: the benchmarks play the kubelet, and mostly the controllers of Deployments and ReplicaSets too, so that nothing
// but the peers is measured.
package plane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// Plane is a control plane.
type Plane struct {
	*installation.Cluster

	// Clients speak protobuf, and wait for nobody but the API server.
	Clients kubernetes.Interface

	// Dir is for files, and Kubeconfig one of them, of the administrator.
	Dir, Kubeconfig string

	environment *envtest.Environment
	ends        []func()
}

// Start starts a control plane, and returns a context that ends when it stops: an API server waits for its watches. The programs
// are those of KUBEBUILDER_ASSETS. etcd does not wait for the disk, which is not what is measured.
func Start(ctx context.Context, crds ...string) (*Plane, context.Context, error) {
	return StartWith(ctx, nil, crds...)
}

// StartWith starts a control plane whose API server has some flags besides.
func StartWith(ctx context.Context, flags map[string]string, crds ...string) (*Plane, context.Context, error) {
	dir, err := os.MkdirTemp("", "bluegreen-bench")
	if err != nil {
		return nil, nil, err
	}
	p := &Plane{Dir: dir, Kubeconfig: filepath.Join(dir, "admin.kubeconfig"), environment: installation.NewControlPlane()}
	p.environment.CRDDirectoryPaths, p.environment.ErrorIfCRDPathMissing = crds, true
	p.ends = append(p.ends, func() { _ = os.RemoveAll(dir) }, func() { _ = p.environment.Stop() })
	server := p.environment.ControlPlane.GetAPIServer().Configure()
	server.Set("service-cluster-ip-range", "10.0.0.0/12")
	for name, value := range flags {
		server.Set(name, value)
	}
	p.environment.ControlPlane.Etcd = &envtest.Etcd{}
	p.environment.ControlPlane.Etcd.Configure().Set("quota-backend-bytes", fmt.Sprint(int64(8)<<30))
	if err := p.connect(); err != nil {
		p.Stop()
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p.AtEnd(cancel)
	return p, ctx, nil
}

func (p *Plane) connect() (err error) {
	if p.Cluster, err = installation.StartControlPlane(p.environment); err != nil {
		return err
	}
	fast := rest.CopyConfig(p.Config)
	fast.QPS, fast.ContentType = -1, "application/vnd.kubernetes.protobuf"
	if p.Clients, err = kubernetes.NewForConfig(fast); err != nil {
		return err
	}
	return p.WriteKubeconfig(p.Kubeconfig, nil)
}

// RunControllers runs the real controllers of Deployments and ReplicaSets, which nothing but the machine holds back.
func (p *Plane) RunControllers() error {
	program := filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kube-controller-manager")
	_, err := p.Run("kube-controller-manager", program, "--kubeconfig="+p.Kubeconfig,
		"--controllers=deployment-controller,replicaset-controller", "--leader-elect=false", "--secure-port=0", "--kube-api-qps=-1")
	return err
}

// AtEnd has something done before the plane stops.
func (p *Plane) AtEnd(f func()) { p.ends = append(p.ends, f) }

// Stop ends everything.
func (p *Plane) Stop() {
	for _, end := range slices.Backward(p.ends) {
		end()
	}
	p.ends = nil
}
