// Package peers runs bluegreen and its peers on a real node: each serves in a namespace of its own, and switches when it is asked.
package peers

import (
	"context"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Peer is a way to bring a new version behind a Service.
type Peer struct {
	Name string

	// program runs what the cluster does not have; nil for nothing. It returns how to end that, also beside an error.
	program func(context.Context, kubectl) (end func(context.Context) error, err error)

	// objects are those with which a version serves, and workload, as TYPE/NAME, is the one that has its pods.
	objects  func(version string) []any
	workload func(version string) string

	// ask starts a version, and asks for traffic to move to it.
	ask func(ctx context.Context, k kubectl, version string) error

	// retire ends the version that served before; nil where the peer does so by itself.
	retire func(ctx context.Context, k kubectl, version string) error
}

// Peers returns all that are compared, which run an app.
func (c Cluster) Peers(a App) []Peer {
	peers := []Peer{BlueGreen(a)}
	if c.Argo != "" {
		peers = append(peers, argo(a, c.Argo, c.ArgoCRDs))
	}
	return append(peers, script(a), RollingUpdate(a))
}

// BlueGreen is a Deployment for each version, and the target in the Service's annotation.
func BlueGreen(a App) Peer {
	return Peer{
		Name: "bluegreen",
		objects: func(v string) []any {
			asked := map[string]string{bluegreen.TargetVersion: v, bluegreen.Drain: pause.String()}
			return []any{a.deploymentOf(v), a.service(only(v), asked)}
		},
		workload: workloadOf,
		ask: func(ctx context.Context, k kubectl, v string) error {
			if err := k.apply(ctx, a.deploymentOf(v)); err != nil {
				return err
			}
			return k.run(ctx, nil, "annotate", "service", app, bluegreen.TargetVersion+"="+v, "--overwrite")
		},
		retire: retire,
	}
}

// RollingUpdate is one Deployment for all versions, which replaces its pods one by one.
func RollingUpdate(a App) Peer {
	rolling := func(v string) any { return a.deployment(app, v, everyVersion()) }
	return Peer{
		Name:     "RollingUpdate",
		objects:  func(v string) []any { return []any{rolling(v), a.service(everyVersion(), nil)} },
		workload: func(string) string { return "deployment/" + app },
		ask:      func(ctx context.Context, k kubectl, v string) error { return k.apply(ctx, rolling(v)) },
	}
}

func workloadOf(v string) string { return "deployment/" + app + "-" + v }

func retire(ctx context.Context, k kubectl, v string) error {
	return k.run(ctx, nil, "delete", workloadOf(v), "--wait=false")
}
