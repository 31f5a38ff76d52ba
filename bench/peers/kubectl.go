package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// kubectl is how every peer is used: as people do, and with the same overhead for all.
type kubectl struct{ config, namespace string }

func (k kubectl) run(ctx context.Context, input []byte, args ...string) error {
	_, err := k.output(ctx, input, args...)
	return err
}

func (k kubectl) output(ctx context.Context, input []byte, args ...string) (string, error) {
	if k.namespace != "" {
		args = append([]string{"--namespace=" + k.namespace}, args...)
	}
	return k.exec(ctx, input, "kubectl", args...)
}

// exec runs a program that talks to the cluster, and returns what it printed to standard output.
func (k kubectl) exec(ctx context.Context, input []byte, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+k.config)
	command.Stdin = bytes.NewReader(input)
	command.WaitDelay = time.Second // For what a script has started, after its end.
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w\n%s", program, strings.Join(args, " "), err, complaints.Bytes())
	}
	return string(output), nil
}

// apply applies objects.
func (k kubectl) apply(ctx context.Context, objects ...any) error {
	manifest, err := manifestOf(objects...)
	if err != nil {
		return err
	}
	return k.run(ctx, manifest, "apply", "--filename=-")
}

// manifestOf writes objects as a file that kubectl reads.
func manifestOf(objects ...any) ([]byte, error) {
	manifest, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	return manifest, nil
}

// wait waits until something holds, as kubectl writes it.
func (k kubectl) wait(ctx context.Context, args ...string) error {
	return k.run(ctx, nil, append([]string{"wait", "--timeout=" + patience.String()}, args...)...)
}
