package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// What is recorded: the switch of a Service in a namespace of its own, as a person at two terminals would see it.
const (
	namespace = "shop"
	status    = "kubectl bluegreen status nginx -w"
	deploy    = "kubectl bluegreen deploy nginx 1.11 -f green.yaml"
	manifests = "examples/nginx"
)

// patience is how long anything may take, and rest how long a person looks before something happens.
const (
	patience  = 2 * time.Minute
	rest      = 2 * time.Second
	keystroke = 40 * time.Millisecond
)

// recording is what two terminals showed, and when.
type recording struct {
	Watched, Typed []output
}

// output is what was printed at an instant, from the beginning of the recording on.
type output struct {
	At   time.Duration
	Text []byte
}

// record performs a switch from 1.10 to 1.11, and records it.
func record(ctx context.Context) (recording, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	directory, err := os.MkdirTemp("", "recording")
	if err != nil {
		return recording{}, err
	}
	defer os.RemoveAll(directory)
	environment, err := setUp(ctx, directory)
	if err != nil {
		return recording{}, err
	}
	began := time.Now()
	watched, err := start(ctx, began, watchedRows, environment, strings.Fields(status)...)
	if err != nil {
		return recording{}, err
	}
	defer watched.end()
	if err := watched.await(ctx, "Stable"); err != nil {
		return recording{}, err
	}
	typed, err := start(ctx, began, typedRows, environment, "sh", "-i")
	if err != nil {
		return recording{}, err
	}
	defer typed.end()
	if err := perform(ctx, watched, typed); err != nil {
		return recording{}, err
	}
	return recording{Watched: watched.end(), Typed: typed.end()}, nil
}

// perform deploys 1.11 in one terminal, until the other one shows that 1.10 has drained.
func perform(ctx context.Context, watched, typed *session) error {
	if err := typed.await(ctx, prompt); err != nil {
		return err
	}
	time.Sleep(rest)
	if err := typed.enter(deploy); err != nil {
		return err
	}
	if err := typed.await(ctx, "Done in "); err != nil {
		return err
	}
	for _, role := range []string{"draining", "unused"} {
		if err := watched.await(ctx, role); err != nil {
			return err
		}
	}
	time.Sleep(rest)
	return nil
}

// setUp has version 1.10 serve in the namespace, and returns the environment of a person at work there.
func setUp(ctx context.Context, directory string) ([]string, error) {
	config, err := exec.CommandContext(ctx, "kubectl", "config", "view", "--raw", "--flatten").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	path := filepath.Join(directory, "kubeconfig")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		return nil, err
	}
	environment := append(os.Environ(), "KUBECONFIG="+path, "TERM=xterm", "PS1="+prompt)
	for _, command := range []string{
		"delete namespace " + namespace + " --ignore-not-found",
		"create namespace " + namespace,
		"config set-context --current --namespace " + namespace,
		"apply -f blue.yaml -f service.yaml",
		"annotate service nginx bluegreen/drain=10s",
		"wait deployment/nginx-1.10 --for=condition=Available --timeout=1m",
		"wait service/nginx --for=jsonpath={.metadata.annotations.bluegreen/phase}=Stable --timeout=1m",
	} {
		kubectl := exec.CommandContext(ctx, "kubectl", strings.Fields(command)...)
		kubectl.Dir, kubectl.Env = manifests, environment
		if said, err := kubectl.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("running kubectl %s: %w: %s", command, err, bytes.TrimSpace(said))
		}
	}
	return environment, nil
}
