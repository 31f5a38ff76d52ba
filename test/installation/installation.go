// Package installation runs what ships against a bare API server: the manifests, rendered from the chart, and the binary as a process
// of its own, under its own ServiceAccount. There is no node. The API tests, the random test and the benchmarks share it.
package installation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Installation is an installed chart, whose pods run as processes.
type Installation struct {
	Name, Namespace string

	// Program is what replicas run. Whoever starts one sets it.
	Program string

	// Args and Env are the command line and the environment that ship, and Kubeconfig the file that makes a process the
	// ServiceAccount that ships.
	Args, Env  []string
	Kubeconfig string

	// Objects are those that were applied, and Deployment is not: no node would run its pods.
	Objects    []*unstructured.Unstructured
	Deployment *unstructured.Unstructured

	cluster *Cluster

	// endpoints is held by whoever writes the Endpoints of the webhook's Service.
	endpoints sync.Mutex
}

// Install renders the chart, with values as for helm --set, and applies it: all but what only a node could run. Files go to dir.
func (c *Cluster) Install(ctx context.Context, chart, dir, name, namespace string, values ...string) (*Installation, error) {
	i := &Installation{Name: name, Namespace: namespace, Kubeconfig: filepath.Join(dir, name+".kubeconfig"), cluster: c}
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
	if err := i.apply(ctx, rendered); err != nil {
		return nil, err
	}
	return i, i.writeKubeconfig(ctx)
}

func (i *Installation) apply(ctx context.Context, rendered []byte) error {
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
			i.Deployment = object
			if err := i.readCommand(object); err != nil {
				return err
			}
			continue
		}
		if object.GetKind() == "Job" || object.GroupVersionKind().Group == "cert-manager.io" {
			continue
		}
		i.Objects = append(i.Objects, object)
		if err := i.Apply(ctx, object); err != nil {
			return err
		}
	}
}

// Apply applies an object of the chart, as Helm does.
func (i *Installation) Apply(ctx context.Context, object *unstructured.Unstructured) error {
	applied := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
	if err := i.cluster.Admin.Apply(ctx, applied, client.FieldOwner("helm"), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

func (i *Installation) readCommand(object *unstructured.Unstructured) error {
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
		return err
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	i.Args, i.Env = container.Args, nil
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			i.Env = append(i.Env, variable.Name+"="+variable.Value)
		}
	}
	return nil
}

func (i *Installation) writeKubeconfig(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: i.Namespace, Name: i.Name}}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](7200)}}
	if err := i.cluster.Admin.SubResource("token").Create(ctx, account, request); err != nil {
		return fmt.Errorf("asking for a token of ServiceAccount %s: %w", i.Name, err)
	}
	return i.cluster.WriteKubeconfig(i.Kubeconfig, &clientcmdapi.AuthInfo{Token: request.Status.Token})
}
