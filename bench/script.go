package main

import (
	"context"
	"math/rand/v2"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/bench/peers"
	"github.com/bluegreen-k8s/bluegreen/bench/plane"
)

// script is the script that people switch with, run anew for each switch.
type script struct {
	pair
	ended chan struct{}
}

func newScript() *script {
	return &script{pair: pair{stage: stage{namespace: "script", cue: deploymentStatus{}}}}
}

func (s *script) name() string { return "script" }

func (s *script) start(ctx context.Context, p *plane.Plane, units int) error {
	return s.create(ctx, p, units)
}

// arm starts the script, and waits for a moment that chance chooses: at the signal it may be anywhere between two looks.
func (s *script) arm(ctx context.Context, unit int) error {
	target, err := s.turn(ctx, unit)
	if err != nil {
		return err
	}
	deployment := newDeployment(s.namespace, unit, target)
	deployment.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("Deployment"))
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		if err := peers.Switch(ctx, s.plane.Kubeconfig, s.namespace, nameOf(unit), target, deployment); err != nil {
			s.seen.fail(err)
		}
	}()
	time.Sleep(rand.N(peers.Poll))
	return nil
}

// await waits for the end of the script too, so that there is one at a time.
func (s *script) await(ctx context.Context, unit int, after time.Time) (signal, effect time.Time, err error) {
	signal, effect, err = s.pair.await(ctx, unit, after)
	<-s.ended
	return signal, effect, err
}
