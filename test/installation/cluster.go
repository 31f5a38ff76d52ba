package installation

import (
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Cluster is an API server, with its administrator's config and client.
type Cluster struct {
	Config *rest.Config
	Admin  client.WithWatch
}

// Connect returns the cluster of a config.
func Connect(config *rest.Config) (*Cluster, error) {
	admin, err := NewClient(config)
	return &Cluster{Config: config, Admin: admin}, err
}

// NewClient returns a client that waits for nobody but the API server.
func NewClient(config *rest.Config) (client.WithWatch, error) {
	unlimited := rest.CopyConfig(config)
	unlimited.QPS = -1
	return client.NewWithWatch(unlimited, client.Options{Scheme: scheme.Scheme})
}

// WriteKubeconfig writes a file that makes a program a user of the cluster; nil for its administrator.
func (c *Cluster) WriteKubeconfig(path string, user *clientcmdapi.AuthInfo) error {
	if user == nil {
		user = &clientcmdapi.AuthInfo{ClientCertificateData: c.Config.CertData, ClientKeyData: c.Config.KeyData}
	}
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters["test"] = &clientcmdapi.Cluster{Server: c.Config.Host, CertificateAuthorityData: c.Config.CAData}
	kubeconfig.AuthInfos["test"] = user
	kubeconfig.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	kubeconfig.CurrentContext = "test"
	return clientcmd.WriteToFile(*kubeconfig, path)
}
