package felt

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed switch.sh
var switchScript []byte

// script is a Deployment for each version, and the script that waits and then patches the Service's selector.
func script() peer {
	return peer{
		name:     "script",
		objects:  func(v string) []any { return []any{deploymentOf(v), service(only(v), nil)} },
		workload: workloadOf,
		ask: func(ctx context.Context, k kubectl, v string) error {
			manifest, err := manifestOf(deploymentOf(v))
			if err != nil {
				return err
			}
			return runScript(ctx, k, v, manifest)
		},
		retire: retire,
	}
}

func runScript(ctx context.Context, k kubectl, version string, manifest []byte) error {
	dir, err := os.MkdirTemp("", "bluegreen-felt-")
	if err != nil {
		return fmt.Errorf("making a place for the manifest: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "green.json")
	if err := os.WriteFile(file, manifest, 0o600); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	_, err = k.exec(ctx, switchScript, "bash", "-s", "--", k.namespace, version, file)
	return err
}
