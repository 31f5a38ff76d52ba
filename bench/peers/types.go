package peers

import (
	"context"
	"fmt"
	"path/filepath"
)

// types are the CustomResourceDefinitions of Argo Rollouts.
type types struct {
	kubectl kubectl
	files   []string // flags of kubectl
	found   bool     // Somebody else's: they stay.
}

func newTypes(ctx context.Context, k kubectl, dir string) (*types, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*-crd.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("looking for the types of Argo Rollouts: %q has no *-crd.yaml", dir)
	}
	t := &types{kubectl: k}
	for _, file := range files {
		t.files = append(t.files, "--filename="+file)
	}
	found, err := k.output(ctx, nil, "get", "crd", "rollouts.argoproj.io", "--ignore-not-found", "--output=name")
	t.found = found != ""
	return t, err
}

func (t *types) apply(ctx context.Context) error {
	if err := t.kubectl.run(ctx, nil, append([]string{"apply", "--server-side", "--force-conflicts"}, t.files...)...); err != nil {
		return err
	}
	// The first conditions come with the accepted names: before, they are null, and kubectl gives up on that.
	if err := t.kubectl.wait(ctx, "crd/rollouts.argoproj.io", "--for=jsonpath={.status.acceptedNames.kind}=Rollout"); err != nil {
		return err
	}
	return t.kubectl.wait(ctx, "crd/rollouts.argoproj.io", "--for=condition=Established")
}

func (t *types) remove(ctx context.Context) error {
	if t.found {
		return nil
	}
	return t.kubectl.run(ctx, nil, append([]string{"delete", "--ignore-not-found"}, t.files...)...)
}
