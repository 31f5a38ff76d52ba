//go:build e2e

package gitops

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// programs are the processes of the engines. They end with the context.
type programs struct {
	ctx context.Context
	// dir is where they may write.
	dir     string
	running sync.WaitGroup
}

// start runs a program, whose log is bin/cluster/logs/NAME.log, with more variables in the environment, as NAME=VALUE.
func (p *programs) start(name string, environment []string, program string, args ...string) error {
	log, err := os.Create(filepath.Join(cluster.Root, "bin/cluster/logs", name+".log"))
	if err != nil {
		return err
	}
	command := exec.CommandContext(p.ctx, program, args...)
	command.Dir = p.dir
	command.Env = append(append(os.Environ(), "HOME="+p.dir, "TMPDIR="+p.dir, "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH")),
		environment...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	p.running.Go(func() {
		defer log.Close()
		if err := command.Wait(); p.ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "gitops: %s has ended: %v; its log is %s\n", name, err, log.Name())
		}
	})
	return nil
}

func (p *programs) wait() { p.running.Wait() }

// built returns the path of something in bin/versions, of the version that the Makefile names.
func built(variable string) (string, error) {
	path := os.Getenv(variable)
	if path == "" {
		return "", fmt.Errorf("%s is not set: run `make gitops`", variable)
	}
	return path, nil
}

// applyKinds brings the kinds of objects about that were built with a program.
func applyKinds(program string) error {
	directory := filepath.Join(filepath.Dir(program), "crds")
	if err := apply(nil, "--filename="+directory); err != nil {
		return err
	}
	printed, err := exec.Command("kubectl", "wait", "--for=condition=Established", "--filename", directory).CombinedOutput()
	if err != nil {
		return fmt.Errorf("waiting for %s: %w\n%s", directory, err, printed)
	}
	return nil
}

// apply brings objects about that an argument of kubectl apply names; --filename=- names the manifest.
func apply(manifest []byte, from string) error {
	command := exec.Command("kubectl", "apply", "--server-side", "--force-conflicts", from)
	command.Stdin = bytes.NewReader(manifest)
	if printed, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("applying %s: %w\n%s", from, err, printed)
	}
	return nil
}
