package felt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// stage is a namespace in which a peer serves.
type stage struct {
	peer
	kubectl kubectl
	url     string
	end     func(context.Context) error // nil when there is nothing to end
}

func newStage(ctx context.Context, k kubectl, p peer) (*stage, error) {
	manifest := []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"generateName":"bluegreen-felt-"}}`)
	namespace, err := k.output(ctx, manifest, "create", "--filename=-", "--output=jsonpath={.metadata.name}")
	if err != nil {
		return nil, err
	}
	k.namespace = namespace
	return &stage{peer: p, kubectl: k}, nil
}

// remove ends what start started, and removes the namespace.
func (s *stage) remove(ctx context.Context) error {
	var err error
	if s.end != nil {
		err = s.end(ctx)
	}
	return errors.Join(err, s.kubectl.run(ctx, nil, "delete", "namespace", s.kubectl.namespace))
}

// start has a version serve where nothing did.
func (s *stage) start(ctx context.Context, version string) (err error) {
	if s.program != nil {
		if s.end, err = s.program(ctx, s.kubectl); err != nil {
			return err
		}
	}
	if err := s.kubectl.apply(ctx, s.objects(version)...); err != nil {
		return err
	}
	address, err := s.kubectl.output(ctx, nil, "get", "service", app, "--output=jsonpath={.spec.clusterIP}")
	if err != nil {
		return err
	}
	s.url = "http://" + address
	// Until its endpoints are in the rules of kube-proxy, a new Service refuses connections, which is nobody's failure.
	probe := traffic.Start(s.url, 1, 20)
	defer probe.Stop()
	return awaitAnswer(ctx, probe, version)
}

// measure switches once, under requests until the last pod of the version before is gone.
func (s *stage) measure(ctx context.Context, from, to string) (Outcome, error) {
	if err := s.kubectl.wait(ctx, s.workload(from), fmt.Sprintf("--for=jsonpath={.status.availableReplicas}=%d", replicas)); err != nil {
		return Outcome{}, err
	}
	client := traffic.Start(s.url, workers, rate)
	defer client.Stop()
	if err := awaitAnswer(ctx, client, from); err != nil {
		return Outcome{}, err
	}
	asked := time.Now()
	if err := s.move(ctx, client, from, to); err != nil {
		return Outcome{}, err
	}
	return judge(client.Stop(), from, traffic.Ask{At: asked, Version: to}), nil
}

func (s *stage) move(ctx context.Context, client *traffic.Client, from, to string) error {
	if err := s.ask(ctx, s.kubectl, to); err != nil {
		return err
	}
	if err := awaitAnswer(ctx, client, to); err != nil {
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
