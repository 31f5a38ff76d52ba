package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// release is an installed chart, whose pods the tests run as processes.
type release struct {
	name, namespace string
	args            []string
	kubeconfig      string
	objects         []*unstructured.Unstructured
}

// install renders the chart and applies it, all but what only a node could run.
func install(ctx context.Context, dir, name, namespace string, values ...string) (*release, error) {
	r := &release{name: name, namespace: namespace, kubeconfig: filepath.Join(dir, name+".kubeconfig")}
	command := []string{"template", name, "../../charts/bluegreen", "--namespace", namespace, "--set", "fullnameOverride=" + name}
	for _, value := range values {
		command = append(command, "--set", value)
	}
	rendered, err := exec.Command("helm", command...).Output()
	if err != nil {
		return nil, fmt.Errorf("running helm %s (make test-tools builds it): %w", strings.Join(command, " "), err)
	}
	own := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := admin.Create(ctx, own); client.IgnoreAlreadyExists(err) != nil {
		return nil, err
	}
	if err := r.apply(ctx, rendered); err != nil {
		return nil, err
	}
	return r, r.writeKubeconfig(ctx)
}

func (r *release) apply(ctx context.Context, rendered []byte) error {
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
			if err := r.readArgs(object); err != nil {
				return err
			}
			continue
		}
		if object.GetKind() == "Job" || object.GroupVersionKind().Group == "cert-manager.io" {
			continue
		}
		r.objects = append(r.objects, object)
		if err := admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), client.FieldOwner("helm"), client.ForceOwnership); err != nil {
			return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

// readArgs takes the command line that ships.
func (r *release) readArgs(object *unstructured.Unstructured) error {
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
		return err
	}
	r.args = deployment.Spec.Template.Spec.Containers[0].Args
	return nil
}

// writeKubeconfig makes the process the ServiceAccount that ships, with no right but those that ship.
func (r *release) writeKubeconfig(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: r.name}}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](7200)}}
	if err := admin.SubResource("token").Create(ctx, account, request); err != nil {
		return fmt.Errorf("asking for a token of ServiceAccount %s: %w", r.name, err)
	}
	return writeKubeconfig(r.kubeconfig, &clientcmdapi.AuthInfo{Token: request.Status.Token})
}

func writeKubeconfig(path string, user *clientcmdapi.AuthInfo) error {
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters["test"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos["test"] = user
	kubeconfig.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	kubeconfig.CurrentContext = "test"
	return clientcmd.WriteToFile(*kubeconfig, path)
}

// adminKubeconfig is a file for programs that a cluster's owner runs.
func adminKubeconfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "admin.kubeconfig")
	if err := writeKubeconfig(path, &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData}); err != nil {
		t.Fatal(err)
	}
	return path
}

// user is the config of the release's ServiceAccount.
func (r *release) user(t *testing.T) *rest.Config {
	t.Helper()
	user, err := clientcmd.BuildConfigFromFlags("", r.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// replica is one running process of a release.
type replica struct {
	release *release
	command *exec.Cmd
	webhook int
	health  string
	slice   *discoveryv1.EndpointSlice
	exited  chan struct{}
}

// start runs one more replica and waits until it is ready and in the webhook's Service.
func (r *release) start(t *testing.T, extra ...string) *replica {
	t.Helper()
	webhook, health, metrics := freePort(t), freePort(t), freePort(t)
	p := &replica{release: r, webhook: webhook, health: fmt.Sprintf("http://127.0.0.1:%d", health), exited: make(chan struct{})}
	args := append(append([]string{}, r.args...), fmt.Sprintf("--webhook-port=%d", webhook),
		fmt.Sprintf("--health-probe-bind-address=127.0.0.1:%d", health), fmt.Sprintf("--metrics-bind-address=127.0.0.1:%d", metrics))
	p.command = exec.Command(program, append(args, extra...)...)
	p.command.Env = append(os.Environ(), "KUBECONFIG="+r.kubeconfig, "POD_NAMESPACE="+r.namespace)
	log := &bytes.Buffer{}
	p.command.Stdout, p.command.Stderr = log, log
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.end(t, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("log of %s:\n%s", r.name, log)
		}
	})
	p.waitReady(t)
	p.join(t, int32(webhook))
	return p
}

// waitReady asks the process itself, as a kubelet does.
func (p *replica) waitReady(t *testing.T) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		response, err := http.Get(p.health + "/readyz")
		if err != nil {
			return false, nil
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		t.Fatalf("%s is not ready: %v", p.release.name, err)
	}
}

// join plays the EndpointSlice controller.
func (p *replica) join(t *testing.T, port int32) {
	t.Helper()
	p.slice = &discoveryv1.EndpointSlice{
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{ownAddress(t)}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}}},
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("webhook"), Port: &port, Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
	p.slice.Namespace, p.slice.GenerateName = p.release.namespace, p.release.name+"-"
	p.slice.Labels = map[string]string{discoveryv1.LabelServiceName: p.release.name + "-webhook"}
	if err := admin.Create(t.Context(), p.slice); err != nil {
		t.Fatal(err)
	}
}

// end ends the process: out of the Service first, unless it is killed.
func (p *replica) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	_ = admin.Delete(context.WithoutCancel(t.Context()), p.slice)
	_ = p.command.Process.Signal(signal)
	<-p.exited
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

// lastPort is the port that was given out last. All of them are below those that the system gives to connections, which take a
// free port again before a process can listen on it: once in some thousand starts.
var lastPort atomic.Int32

const firstPort, afterPorts = 20000, 32768

func init() { lastPort.Store(firstPort + rand.Int32N(afterPorts-firstPort)) }

func freePort(t *testing.T) int {
	t.Helper()
	for range afterPorts - firstPort {
		port := firstPort + int(lastPort.Add(1))%(afterPorts-firstPort)
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// ownAddress is an address of this machine that may stand in an EndpointSlice, where loopback ones may not.
func ownAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if ip := address.(*net.IPNet).IP; ip.To4() != nil && ip.IsGlobalUnicast() {
			return ip.String()
		}
	}
	t.Fatal("this machine has no IPv4 address but loopback ones; the API server needs one to reach the webhook")
	return ""
}
