package peers

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

//go:embed switch.sh
var switchScript []byte

// Poll is how long the script sleeps before it looks again.
const Poll = 5 * time.Second

// script is a Deployment for each version, and the script that waits and then patches the Service's selector.
func script(a App) Peer {
	return Peer{
		Name:     "script",
		objects:  func(v string) []any { return []any{a.deploymentOf(v), a.service(only(v), nil)} },
		workload: workloadOf,
		ask: func(ctx context.Context, k kubectl, v string) error {
			return Switch(ctx, k.config, k.namespace, app, v, a.deploymentOf(v))
		},
		retire: retire,
	}
}

// Switch runs the script: it applies the Deployment of a version, NAME-VERSION, and moves the Service NAME to it in time.
func Switch(ctx context.Context, kubeconfig, namespace, name, version string, deployment any) error {
	manifest, err := manifestOf(deployment)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bluegreen-script-")
	if err != nil {
		return fmt.Errorf("making a place for the manifest: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "green.json")
	if err := os.WriteFile(file, manifest, 0o600); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	_, err = kubectl{config: kubeconfig}.exec(ctx, switchScript, "bash", "-s", "--", namespace, name, version, file)
	return err
}
