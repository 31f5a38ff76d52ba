// Package felt measures what users feel of a new version: requests that fail, answers of two versions that interleave, and how
// long the new version takes to answer. It runs bluegreen and its peers on a real node, under constant requests.
package felt

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Options say what is measured, and where.
type Options struct {
	// Kubeconfig is of an administrator of a cluster that has bluegreen and the images of the nginx example, and whose
	// Services this machine reaches. kubectl and bash are found in PATH.
	Kubeconfig string

	// Argo is the program of Argo Rollouts' controller; empty leaves Argo Rollouts out. ArgoCRDs is the directory of its
	// CustomResourceDefinitions.
	Argo, ArgoCRDs string

	// Runs is how many switches each peer makes.
	Runs int

	// Logf tells of every switch, and of what could not be cleaned up.
	Logf func(format string, args ...any)
}

const (
	// patience is how long one step may take before the measurement is given up.
	patience = 90 * time.Second
	// pause is between a switch and the end of what served before.
	pause = 2 * time.Second
)

// versions are those between which every peer goes to and fro.
var versions = [2]string{"1.10", "1.11"}

// Run lets every peer switch so many times, in turns, so that a slow minute of the machine is everybody's.
func Run(ctx context.Context, o Options) (*Result, error) {
	stages, err := o.setUp(ctx)
	defer o.cleanUp(ctx, stages)
	if err != nil {
		return nil, err
	}
	result := newResult(stages)
	for run := range o.Runs {
		from, to := versions[run%2], versions[(run+1)%2]
		for i, s := range stages {
			outcome, err := s.measure(ctx, from, to)
			if err != nil {
				return nil, fmt.Errorf("run %d of %s: %w", run+1, s.name, err)
			}
			o.Logf("run %d, %s: %v", run+1, s.name, outcome)
			result.Peers[i].Outcomes = append(result.Peers[i].Outcomes, outcome)
		}
	}
	return result, nil
}

// setUp has every peer serve the first version. It returns what is to be cleaned up also beside an error.
func (o Options) setUp(ctx context.Context) ([]*stage, error) {
	k := kubectl{config: o.Kubeconfig}
	if err := k.wait(ctx, "deployment/bluegreen", "--namespace=bluegreen-system", "--for=condition=Available"); err != nil {
		return nil, fmt.Errorf("looking for bluegreen (make install installs it): %w", err)
	}
	var stages []*stage
	for _, p := range o.peers() {
		s, err := newStage(ctx, k, p)
		if err != nil {
			return stages, err
		}
		stages = append(stages, s)
		if err := s.start(ctx, versions[0]); err != nil {
			return stages, fmt.Errorf("setting up %s: %w", p.name, err)
		}
	}
	return stages, nil
}

// cleanUp removes all stages at once, as a namespace takes its time, and also when the measurement was interrupted.
func (o Options) cleanUp(ctx context.Context, stages []*stage) {
	ctx = context.WithoutCancel(ctx)
	var all sync.WaitGroup
	for _, s := range stages {
		all.Go(func() {
			if err := s.remove(ctx); err != nil {
				o.Logf("cleaning up after %s: %v", s.name, err)
			}
		})
	}
	all.Wait()
}
