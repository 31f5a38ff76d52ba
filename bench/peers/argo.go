package peers

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// argo is Argo Rollouts with its blueGreen strategy: a Rollout for all versions, and its active Service.
func argo(a App, program, crds string) Peer {
	return Peer{
		Name: "Argo Rollouts",
		program: func(ctx context.Context, k kubectl) (func(context.Context) error, error) {
			return runArgo(ctx, k, program, crds)
		},
		objects:  func(v string) []any { return []any{a.service(everyVersion(), nil), a.rollout(v)} },
		workload: func(string) string { return "rollout/" + app },
		ask:      func(ctx context.Context, k kubectl, v string) error { return k.apply(ctx, a.rollout(v)) },
	}
}

func (a App) rollout(version string) any {
	return map[string]any{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "Rollout",
		"metadata":   map[string]any{"name": app},
		"spec": map[string]any{
			"replicas": replicas,
			"selector": map[string]any{"matchLabels": everyVersion()},
			"template": a.podTemplate(version),
			"strategy": map[string]any{"blueGreen": map[string]any{
				"activeService":        app,
				"autoPromotionEnabled": true,
				// The other peers' old version ends as long after the switch.
				"scaleDownDelaySeconds": int(pause.Seconds()),
			}},
		},
	}
}

// runArgo runs the controller of Argo Rollouts for one namespace. What it returns ends it and, unless they were there
// before, removes its types.
func runArgo(ctx context.Context, k kubectl, program, crds string) (end func(context.Context) error, err error) {
	types, err := newTypes(ctx, kubectl{config: k.config}, crds)
	if err != nil {
		return nil, err
	}
	if err := types.apply(ctx); err != nil {
		return types.remove, err
	}
	endProcess, err := startArgo(k, program)
	if err != nil {
		return types.remove, err
	}
	return func(ctx context.Context) error {
		endProcess()
		return types.remove(ctx)
	}, nil
}

// startArgo starts the controller, which complains to standard error.
func startArgo(k kubectl, program string) (end func(), err error) {
	ports, err := installation.FreePorts(2)
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, "--kubeconfig="+k.config, "--namespaced", "--namespace="+k.namespace, "--leader-elect=false",
		"--loglevel=error", "--kloglevel=0", fmt.Sprintf("--metricsPort=%d", ports[0]), fmt.Sprintf("--healthzPort=%d", ports[1]))
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the controller of Argo Rollouts: %w", err)
	}
	return func() {
		_ = command.Process.Kill() // It leads nobody, and would only complain about its listeners.
		_ = command.Wait()
	}, nil
}
