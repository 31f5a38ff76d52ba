package peers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// Stage is a namespace in which a peer serves.
type Stage struct {
	Peer
	// Address is the cluster IP of the Service, which has HTTP on port 80 and HTTPS on port 443.
	Address string

	kubectl kubectl
	end     func(context.Context) error // nil when there is nothing to end
}

func newStage(ctx context.Context, k kubectl, p Peer) (*Stage, error) {
	manifest := []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"generateName":"bluegreen-bench-"}}`)
	namespace, err := k.output(ctx, manifest, "create", "--filename=-", "--output=jsonpath={.metadata.name}")
	if err != nil {
		return nil, err
	}
	k.namespace = namespace
	return &Stage{Peer: p, kubectl: k}, nil
}

// remove ends what start started, and removes the namespace.
func (s *Stage) remove(ctx context.Context) error {
	var err error
	if s.end != nil {
		err = s.end(ctx)
	}
	return errors.Join(err, s.kubectl.run(ctx, nil, "delete", "namespace", s.kubectl.namespace))
}

// start has a version serve where nothing did.
func (s *Stage) start(ctx context.Context, version string) (err error) {
	if s.program != nil {
		if s.end, err = s.program(ctx, s.kubectl); err != nil {
			return err
		}
	}
	if err := s.kubectl.apply(ctx, s.objects(version)...); err != nil {
		return err
	}
	if s.Address, err = s.kubectl.output(ctx, nil, "get", "service", app, "--output=jsonpath={.spec.clusterIP}"); err != nil {
		return err
	}
	// Until its endpoints are in the rules of kube-proxy, a new Service refuses connections, which is nobody's failure.
	probe := traffic.Start(s.URL(), 1, 20)
	defer probe.Stop()
	return AwaitAnswer(ctx, probe, version)
}

// URL is the Service's, without encryption.
func (s *Stage) URL() string { return "http://" + s.Address }

// Serving waits until all pods of a version serve, as far as the peer counts them.
func (s *Stage) Serving(ctx context.Context, version string) error {
	return s.kubectl.wait(ctx, s.workload(version), fmt.Sprintf("--for=jsonpath={.status.availableReplicas}=%d", replicas))
}

// Switch asks for a version, and returns when the last pod of the version before is gone. It hears from a client when the new
// version answers: 2 seconds later the old one is ended.
func (s *Stage) Switch(ctx context.Context, client *traffic.Client, from, to string) error {
	if err := s.ask(ctx, s.kubectl, to); err != nil {
		return err
	}
	if err := AwaitAnswer(ctx, client, to); err != nil {
		return err
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if s.retire != nil {
		if err := s.retire(ctx, s.kubectl, from); err != nil {
			return err
		}
	}
	return s.kubectl.wait(ctx, "pod", "--selector=version="+from, "--for=delete")
}

// AwaitAnswer waits until a version answers a client.
func AwaitAnswer(ctx context.Context, client *traffic.Client, version string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer of version %s for %v", version, patience))
	defer cancel()
	return client.Await(ctx, func(result traffic.Result) bool { return result.Version == version })
}
