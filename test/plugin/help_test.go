package plugin

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

func TestHelpShowsEachCommandWithAnExample(t *testing.T) {
	built, err := program()
	if err != nil {
		t.Fatal(err)
	}
	commands := []string{"adopt", "check", "deploy", "leave", "pause", "promote", "retry", "status", "undo", "version", "wait", "withdraw"}
	help := harness.Run(t, built, "--help").Stdout
	for _, name := range commands {
		if !strings.Contains(help, "\n  "+name+" ") {
			t.Errorf("%s is missing in\n%s", name, help)
		}
		if own := harness.Run(t, built, name, "--help").Stdout; !strings.Contains(own, "Examples:\n  # ") ||
			!strings.Contains(own, "\n  kubectl bluegreen "+name) {
			t.Errorf("%s has no example:\n%s", name, own)
		}
	}
	if output := harness.Try(t, built, "destroy"); output.Err == nil ||
		output.Stderr != `error: unknown command "destroy" for "kubectl bluegreen"`+"\n" {
		t.Errorf("of an unknown command it says %v, %s", output.Err, output.Stderr)
	}
	if version := harness.Run(t, built, "version").Stdout; version != "kubectl-bluegreen dev\n" {
		t.Errorf("its version is %q", version)
	}
}

func TestKubectlCompletesNamesOfServices(t *testing.T) {
	s := open(t)
	for _, command := range []string{"deploy", "status", "wait", "undo", "adopt"} {
		if completed := s.completes(command, ""); !strings.HasPrefix(completed, "nginx\n:4\n") {
			t.Errorf("after %s it completes %q", command, completed)
		}
	}
	if completed := s.completes("wait", "nginx", ""); !strings.HasPrefix(completed, ":4\n") {
		t.Errorf("after the name it completes %q", completed)
	}
	if completed := s.completes("with"); !strings.HasPrefix(completed, "withdraw\t") {
		t.Errorf("of a command it completes %q", completed)
	}
}

// completes returns what kubectl offers to a shell for the last of some words after kubectl bluegreen.
func (s *shop) completes(words ...string) string {
	s.t.Helper()
	hack, err := filepath.Abs("../../hack")
	if err != nil {
		s.t.Fatal(err)
	}
	arguments := append([]string{"__complete", "bluegreen", "-n", s.namespace}, words...)
	environment := []string{"KUBECONFIG=" + s.kubeconfig, "PATH=" + s.path(hack)}
	return harness.TryWith(s.t, environment, "kubectl", arguments...).Stdout
}
