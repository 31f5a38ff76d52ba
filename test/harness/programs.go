package harness

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Output is what a program printed, and whether it failed.
type Output struct {
	Stdout, Stderr string
	Err            error
}

// Try runs a program as a person would.
func Try(t testing.TB, name string, args ...string) Output {
	t.Helper()
	return TryWith(t, nil, name, args...)
}

// TryWith is Try with more variables in the environment, as NAME=VALUE.
//
// It does not end with the test's context: what cleans up after a test runs programs, too.
func TryWith(t testing.TB, environment []string, name string, args ...string) Output {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	t.Logf("$ %s %s\n%s", name, strings.Join(args, " "), stderr.String())
	return Output{stdout.String(), stderr.String(), err}
}

// Run runs a program that must succeed.
func Run(t testing.TB, name string, args ...string) Output {
	t.Helper()
	return Try(t, name, args...).Must(t)
}

// Must fails the test if the program failed.
func (o Output) Must(t testing.TB) Output {
	t.Helper()
	if o.Err != nil {
		t.Fatalf("%v\n%s%s", o.Err, o.Stdout, o.Stderr)
	}
	return o
}
