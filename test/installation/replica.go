package installation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

// Replica is one running process of an installation.
type Replica struct {
	Command *exec.Cmd

	// WebhookPort is the port of the webhook, and Slice the EndpointSlice that sends the API server there.
	WebhookPort int
	Slice       *discoveryv1.EndpointSlice

	// Metrics is the URL of the process's metrics.
	Metrics string

	// Exited is closed when the process has ended; then Log is complete.
	Exited chan struct{}
	Log    *bytes.Buffer

	installation *Installation
	health       string
}

// Start runs one more replica and waits until it is ready and in the webhook's Service. The process ends at once when it is told
// to, for no API server has to learn of it.
func (i *Installation) Start(ctx context.Context, extra ...string) (*Replica, error) {
	ports, err := FreePorts(3)
	if err != nil {
		return nil, err
	}
	health, metrics := fmt.Sprintf("127.0.0.1:%d", ports[1]), fmt.Sprintf("127.0.0.1:%d", ports[2])
	p := &Replica{
		WebhookPort:  ports[0],
		Metrics:      "https://" + metrics + "/metrics",
		Exited:       make(chan struct{}),
		Log:          &bytes.Buffer{},
		installation: i,
		health:       "http://" + health,
	}
	args := slices.Concat(i.Args, []string{
		"--shutdown-delay-duration=0s",
		fmt.Sprintf("--webhook-port=%d", p.WebhookPort),
		"--health-probe-bind-address=" + health,
		"--metrics-bind-address=" + metrics,
	}, extra)
	p.Command = exec.Command(i.Program, args...)
	p.Command.Env = append(append(os.Environ(), i.Env...), "KUBECONFIG="+i.Kubeconfig, "POD_NAMESPACE="+i.Namespace)
	p.Command.Stdout, p.Command.Stderr = p.Log, p.Log
	if err := p.Command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.Command.Wait()
		close(p.Exited)
	}()
	if err := p.waitReady(ctx); err != nil {
		return p, err
	}
	return p, p.Join(ctx)
}

// waitReady asks the process itself, as a kubelet does.
func (p *Replica) waitReady(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		response, err := http.Get(p.health + "/readyz")
		if err != nil {
			return false, nil
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		return fmt.Errorf("%s is not ready: %w", p.installation.Name, err)
	}
	return nil
}

// Join puts the process into the webhook's Service.
func (p *Replica) Join(ctx context.Context) (err error) {
	p.Slice, err = p.installation.Join(ctx, p.WebhookPort)
	return err
}

// Leave takes the process out of the webhook's Service.
func (p *Replica) Leave(ctx context.Context) error { return p.installation.Leave(ctx, p.Slice) }

// End ends the process: out of the Service first, unless it is killed.
func (p *Replica) End(ctx context.Context, signal syscall.Signal) {
	if p.Slice != nil {
		_ = p.Leave(context.WithoutCancel(ctx))
	}
	_ = p.Command.Process.Signal(signal)
	<-p.Exited
}

// lastPort is the port that was given out last. All of them are below those that the system gives to connections, which take a
// free port again before a process can listen on it: once in some thousand starts.
var lastPort atomic.Int32

const firstPort, afterPorts = 20000, 32768

func init() { lastPort.Store(rand.Int32N(afterPorts - firstPort)) }

// FreePorts returns ports that nobody listens on.
func FreePorts(count int) ([]int, error) {
	var ports []int
	for range afterPorts - firstPort {
		port := firstPort + int(lastPort.Add(1))%(afterPorts-firstPort)
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			continue
		}
		_ = listener.Close()
		if ports = append(ports, port); len(ports) == count {
			return ports, nil
		}
	}
	return nil, errors.New("no port is free")
}
