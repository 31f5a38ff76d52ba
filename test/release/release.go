// Package release runs what ships against a bare API server: the manifests, rendered from the chart, and the binary as a process
// of its own, under its own ServiceAccount. There is no node. The API tests and the benchmarks share it.
package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
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

// Release is an installed chart, whose pods run as processes.
type Release struct {
	Name, Namespace string

	// Args and Env are the command line and the environment that ship, and Kubeconfig the file that makes a process the
	// ServiceAccount that ships.
	Args, Env  []string
	Kubeconfig string

	// Objects are those that were applied.
	Objects []*unstructured.Unstructured

	cluster *Cluster
}

// Install renders the chart, with values as for helm --set, and applies it: all but what only a node could run. Files go to dir.
func (c *Cluster) Install(ctx context.Context, chart, dir, name, namespace string, values ...string) (*Release, error) {
	r := &Release{Name: name, Namespace: namespace, Kubeconfig: filepath.Join(dir, name+".kubeconfig"), cluster: c}
	command := []string{"template", name, chart, "--namespace", namespace, "--set", "fullnameOverride=" + name}
	for _, value := range values {
		command = append(command, "--set", value)
	}
	rendered, err := exec.CommandContext(ctx, "helm", command...).Output()
	if err != nil {
		return nil, fmt.Errorf("running helm %s (make test-tools builds it): %w", strings.Join(command, " "), err)
	}
	own := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := c.Admin.Create(ctx, own); client.IgnoreAlreadyExists(err) != nil {
		return nil, err
	}
	if err := r.apply(ctx, rendered); err != nil {
		return nil, err
	}
	return r, r.writeKubeconfig(ctx)
}

func (r *Release) apply(ctx context.Context, rendered []byte) error {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(rendered), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if object.Object == nil {
			continue
		}
		if object.GetKind() == "Deployment" {
			if err := r.readCommand(object); err != nil {
				return err
			}
			continue
		}
		if object.GetKind() == "Job" || object.GroupVersionKind().Group == "cert-manager.io" {
			continue
		}
		r.Objects = append(r.Objects, object)
		if err := r.Apply(ctx, object); err != nil {
			return err
		}
	}
}

// Apply applies an object of the release, as Helm does.
func (r *Release) Apply(ctx context.Context, object *unstructured.Unstructured) error {
	applied := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
	if err := r.cluster.Admin.Apply(ctx, applied, client.FieldOwner("helm"), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

func (r *Release) readCommand(object *unstructured.Unstructured) error {
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
		return err
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	r.Args, r.Env = container.Args, nil
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			r.Env = append(r.Env, variable.Name+"="+variable.Value)
		}
	}
	return nil
}

func (r *Release) writeKubeconfig(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: r.Namespace, Name: r.Name}}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](7200)}}
	if err := r.cluster.Admin.SubResource("token").Create(ctx, account, request); err != nil {
		return fmt.Errorf("asking for a token of ServiceAccount %s: %w", r.Name, err)
	}
	return r.cluster.WriteKubeconfig(r.Kubeconfig, &clientcmdapi.AuthInfo{Token: request.Status.Token})
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
