package installation

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// NewControlPlane returns a kube-apiserver with its etcd, not started yet. The API server finds a Service's pods by its
// endpoints, because there is no kube-proxy. The programs are those of KUBEBUILDER_ASSETS.
func NewControlPlane() *envtest.Environment {
	environment := &envtest.Environment{}
	environment.ControlPlane.GetAPIServer().Configure().Set("enable-aggregator-routing", "true")
	return environment
}

// StartControlPlane starts a control plane and connects to it. Whoever calls stops it, also after an error.
func StartControlPlane(environment *envtest.Environment) (*Cluster, error) {
	config, err := environment.Start()
	if err != nil {
		return nil, fmt.Errorf("starting kube-apiserver and etcd (make test-tools builds them): %w", err)
	}
	return Connect(config)
}
