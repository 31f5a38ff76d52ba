package felt

import (
	"context"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// peer is a way to bring a new version behind a Service.
type peer struct {
	name string

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

func (o Options) peers() []peer {
	peers := []peer{blueGreen()}
	if o.Argo != "" {
		peers = append(peers, argo(o.Argo, o.ArgoCRDs))
	}
	return append(peers, script(), rollingUpdate())
}

// blueGreen is a Deployment for each version, and the target in the Service's annotation.
func blueGreen() peer {
	return peer{
		name: "bluegreen",
		objects: func(v string) []any {
			return []any{deploymentOf(v), service(only(v), map[string]string{bluegreen.TargetVersion: v})}
		},
		workload: workloadOf,
		ask: func(ctx context.Context, k kubectl, v string) error {
			if err := k.apply(ctx, deploymentOf(v)); err != nil {
				return err
			}
			return k.run(ctx, nil, "annotate", "service", app, bluegreen.TargetVersion+"="+v, "--overwrite")
		},
		retire: retire,
	}
}

// rollingUpdate is one Deployment for all versions, which replaces its pods one by one.
func rollingUpdate() peer {
	rolling := func(v string) any { return deployment(app, v, everyVersion()) }
	return peer{
		name:     "RollingUpdate",
		objects:  func(v string) []any { return []any{rolling(v), service(everyVersion(), nil)} },
		workload: func(string) string { return "deployment/" + app },
		ask:      func(ctx context.Context, k kubectl, v string) error { return k.apply(ctx, rolling(v)) },
	}
}

func workloadOf(v string) string { return "deployment/" + app + "-" + v }

func retire(ctx context.Context, k kubectl, v string) error {
	return k.run(ctx, nil, "delete", workloadOf(v), "--wait=false")
}
