package plugin

import (
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

func TestHelpShowsEachCommandWithAnExample(t *testing.T) {
	s := open(t)
	commands := []string{"adopt", "deploy", "leave", "pause", "promote", "retry", "status", "undo", "version", "wait", "withdraw"}
	help := harness.Run(t, s.program, "--help").Stdout
	for _, name := range commands {
		if !strings.Contains(help, "\n  "+name+" ") {
			t.Errorf("%s is missing in\n%s", name, help)
		}
		if own := harness.Run(t, s.program, name, "--help").Stdout; !strings.Contains(own, "Examples:\n  # ") ||
			!strings.Contains(own, "\n  kubectl bluegreen "+name) {
			t.Errorf("%s has no example:\n%s", name, own)
		}
	}
	s.fails(s.plugin("destroy"), `error: unknown command "destroy" for "kubectl bluegreen"`+"\n")
	if version := harness.Run(t, s.program, "version").Stdout; version != "kubectl-bluegreen dev\n" {
		t.Errorf("its version is %q", version)
	}
}

func TestShellsCompleteNamesOfServices(t *testing.T) {
	s := open(t)
	for _, command := range []string{"deploy", "status", "wait", "undo", "adopt"} {
		completed := s.completes(command, "")
		if !strings.HasPrefix(completed, "nginx\n:4\n") {
			t.Errorf("after %s it completes %q", command, completed)
		}
	}
	if completed := s.completes("wait", "nginx", ""); !strings.HasPrefix(completed, ":4\n") {
		t.Errorf("after the name it completes %q", completed)
	}
}

// completes returns what a shell offers for the last of some words.
func (s *shop) completes(words ...string) string {
	s.t.Helper()
	arguments := append([]string{"__complete", "-n", s.namespace}, words...)
	return harness.TryWith(s.t, []string{"KUBECONFIG=" + s.kubeconfig}, s.program, arguments...).Stdout
}
