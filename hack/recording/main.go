// Command recording records kubectl bluegreen status -w while a Service switches, on the cluster of KUBECONFIG, and draws what was seen as
// one animated SVG for README.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "record":
		return store(ctx, args[1])
	case len(args) == 3 && args[0] == "draw":
		return redraw(args[1], args[2])
	default:
		return errors.New("usage: recording record FILE.json, or recording draw FILE.json FILE.svg")
	}
}

// store records a switch, and keeps it in a file.
func store(ctx context.Context, path string) error {
	seen, err := record(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// redraw draws the recording in a file.
func redraw(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var seen recording
	if err := json.Unmarshal(text, &seen); err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	return os.WriteFile(to, draw(seen), 0o644)
}
