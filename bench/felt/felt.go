// Package felt measures what users feel of a new version: requests that fail, answers of two versions that interleave, and how
// long the new version takes to answer. It runs bluegreen and its peers on a real node, under constant requests.
package felt

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/peers"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// versions are those between which every peer goes to and fro.
var versions = [2]string{"1.10", "1.11"}

// Run lets every peer switch so many times, in turns, so that a slow minute of the machine is everybody's.
func Run(ctx context.Context, cluster peers.Cluster, runs int) (*Result, error) {
	stages, err := cluster.SetUp(ctx, versions[0], cluster.Peers(peers.App{})...)
	defer cluster.CleanUp(ctx, stages)
	if err != nil {
		return nil, err
	}
	result := newResult(stages)
	for run := range runs {
		from, to := versions[run%2], versions[(run+1)%2]
		for i, s := range stages {
			outcome, err := measure(ctx, s, from, to)
			if err != nil {
				return nil, fmt.Errorf("run %d of %s: %w", run+1, s.Name, err)
			}
			cluster.Logf("run %d, %s: %v", run+1, s.Name, outcome)
			result.Peers[i].Outcomes = append(result.Peers[i].Outcomes, outcome)
		}
	}
	return result, nil
}

// measure switches once, under requests until the last pod of the version before is gone.
func measure(ctx context.Context, s *peers.Stage, from, to string) (Outcome, error) {
	if err := s.Serving(ctx, from); err != nil {
		return Outcome{}, err
	}
	client := traffic.Start(s.URL(), workers, rate)
	defer client.Stop()
	if err := peers.AwaitAnswer(ctx, client, from); err != nil {
		return Outcome{}, err
	}
	asked := time.Now()
	if err := s.Switch(ctx, client, from, to); err != nil {
		return Outcome{}, err
	}
	return judge(client.Stop(), from, traffic.Ask{At: asked, Version: to}), nil
}
