package peers

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Cluster is where the peers run.
type Cluster struct {
	// Kubeconfig is of an administrator of a cluster that has bluegreen and the images of the nginx example, and whose
	// Services this machine reaches. kubectl and bash are found in PATH.
	Kubeconfig string

	// Argo is the program of Argo Rollouts' controller; empty leaves Argo Rollouts out. ArgoCRDs is the directory of its
	// CustomResourceDefinitions.
	Argo, ArgoCRDs string

	// Logf tells of every switch, and of what could not be cleaned up.
	Logf func(format string, args ...any)
}

const (
	// patience is how long one step may take before the measurement is given up.
	patience = 90 * time.Second
	// pause is between a switch and the end of what served before.
	pause = 2 * time.Second
)

// SetUp has every peer serve a version. It returns what is to be cleaned up also beside an error.
func (c Cluster) SetUp(ctx context.Context, version string, peers ...Peer) ([]*Stage, error) {
	k := kubectl{config: c.Kubeconfig}
	if err := k.wait(ctx, "deployment/bluegreen", "--namespace=bluegreen-system", "--for=condition=Available"); err != nil {
		return nil, fmt.Errorf("looking for bluegreen (make install installs it): %w", err)
	}
	var stages []*Stage
	for _, p := range peers {
		s, err := newStage(ctx, k, p)
		if err != nil {
			return stages, err
		}
		stages = append(stages, s)
		if err := s.start(ctx, version); err != nil {
			return stages, fmt.Errorf("setting up %s: %w", p.Name, err)
		}
	}
	return stages, nil
}

// CleanUp removes all stages at once, as a namespace takes its time, and also when the measurement was interrupted.
func (c Cluster) CleanUp(ctx context.Context, stages []*Stage) {
	ctx = context.WithoutCancel(ctx)
	var all sync.WaitGroup
	for _, s := range stages {
		all.Go(func() {
			if err := s.remove(ctx); err != nil {
				c.Logf("cleaning up after %s: %v", s.Name, err)
			}
		})
	}
	all.Wait()
}
