package command

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// cluster is the API server that the flags name, and the namespace.
type cluster struct {
	kubernetes.Interface
	namespace string
}

// connect returns the cluster that the flags name. Nothing is sent to it yet.
func (p *plugin) connect() (*cluster, error) {
	return p.connectWith(func(*rest.Config) {})
}

// connectInSilence returns the same, and shows no warnings.
func (p *plugin) connectInSilence() (*cluster, error) {
	return p.connectWith(func(config *rest.Config) { config.WarningHandler = rest.NoWarnings{} })
}

func (p *plugin) connectWith(change func(*rest.Config)) (*cluster, error) {
	config, err := p.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	change(config)
	namespace, _, err := p.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &cluster{Interface: client, namespace: namespace}, nil
}

// tuned returns a config that shows warnings as kubectl does, and that reads many objects fast.
func (p *plugin) tuned(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.WarningHandler = rest.NewWarningWriter(p.ErrOut, rest.WarningWriterOptions{
		Deduplicate: true,
		Color:       printers.AllowsColorOutput(p.ErrOut),
	})
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.QPS, config.Burst = 50, 300 // As kubectl's.
	config.Wrap(p.connection.wrap)
	return config
}

// service reads a Service.
func (c *cluster) service(ctx context.Context, name string) (*corev1.Service, error) {
	service, err := c.CoreV1().Services(c.namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w; to see those of namespace %s: kubectl get services -n %s", err, c.namespace, c.namespace)
	}
	return service, err
}
