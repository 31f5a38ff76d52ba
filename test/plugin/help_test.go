package plugin

import (
	"io"
	"os"
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

// rcfile has bash complete the commands of kubectl. The last function is what it takes from the package bash-completion.
const rcfile = `
. <(kubectl completion bash)
_init_completion() { words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}; }
PS1='ready> '
`

func TestBashCompletesCommandsAndNamesOfServices(t *testing.T) {
	s := open(t)
	environment := []string{"KUBECONFIG=" + s.kubeconfig}
	harness.TryWith(t, environment, "kubectl", "config", "set-context", "--current", "--namespace", s.namespace).Must(t)
	path := filepath.Join(t.TempDir(), "bashrc")
	if err := os.WriteFile(path, []byte(rcfile), 0o600); err != nil {
		t.Fatal(err)
	}
	bash := s.other("bash", "--rcfile", path, "-i")
	bash.command.Env = append(bash.command.Env, "PATH="+s.path(hackDirectory(t)), "TERM=dumb")
	keyboard := bash.runInTerminal(120, 30)
	types := func(keys, want string) {
		t.Helper()
		if _, err := io.WriteString(keyboard, keys); err != nil {
			t.Fatal(err)
		}
		bash.says(&bash.stdout, want)
	}
	bash.says(&bash.stdout, "ready> ")
	types("kubectl bluegreen withd\t", "kubectl bluegreen withdraw ")
	types("ng\t", "kubectl bluegreen withdraw nginx ")
}

func hackDirectory(t *testing.T) string {
	t.Helper()
	hack, err := filepath.Abs("../../hack")
	if err != nil {
		t.Fatal(err)
	}
	return hack
}

// completes returns what kubectl offers to a shell for the last of some words after kubectl bluegreen.
func (s *shop) completes(words ...string) string {
	s.t.Helper()
	arguments := append([]string{"__complete", "bluegreen", "-n", s.namespace}, words...)
	environment := []string{"KUBECONFIG=" + s.kubeconfig, "PATH=" + s.path(hackDirectory(s.t))}
	return harness.TryWith(s.t, environment, "kubectl", arguments...).Stdout
}
