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
	"syscall"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
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
	// Two controllers of one engine would undo what the other does: none outlives tests that panic.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
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

// installKinds brings the kinds of objects about that were built with a program.
func installKinds(program string) error {
	directory := filepath.Join(filepath.Dir(program), "crds")
	options := envtest.CRDInstallOptions{Paths: []string{directory}, ErrorIfPathMissing: true}
	if _, err := envtest.InstallCRDs(cluster.Config, options); err != nil {
		return fmt.Errorf("installing %s: %w", directory, err)
	}
	return nil
}

// apply brings the objects of a manifest about.
func apply(manifest []byte) error {
	command := exec.Command("kubectl", "apply", "--server-side", "--force-conflicts", "--filename=-")
	command.Stdin = bytes.NewReader(manifest)
	if printed, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("applying: %w\n%s", err, printed)
	}
	return nil
}
