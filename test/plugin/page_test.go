package plugin

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// blocks are the commands of a page, below their headings.
var blocks = regexp.MustCompile("(?s)\n## ([^\n]+)\n[^#]*?```sh\n(.*?)```")

// TestThePageOfThePlugin runs the commands of docs/kubectl.md from top to bottom, as kubectl runs plugins.
func TestThePageOfThePlugin(t *testing.T) {
	page, err := os.ReadFile("../../docs/kubectl.md")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, unmanaged)
	s.playDeployments()
	before := map[string]func(){
		"Withdraw": func() {
			s.annotate("bluegreen/target-version", "1.12")
			s.untilPhase("Waiting")
		},
		"Try again": func() {
			s.annotate("bluegreen/deadline", "1s")
			s.annotate("bluegreen/target-version", "1.12")
			s.untilPhase("Failed")
		},
		"Check the installation": func() {
			s.alone()
			s.runs(shipped, true)
		},
	}
	var run []string
	for _, block := range blocks.FindAllStringSubmatch(string(page), -1) {
		if prepare := before[block[1]]; prepare != nil {
			prepare()
		}
		s.shell(block[1], block[2])
		run = append(run, block[1])
	}
	want := "Adopt a Service, Deploy a version, Look, Go back, Approve, Withdraw, Try again, Give a Service back, Check the " +
		"installation"
	if got := strings.Join(run, ", "); got != want {
		t.Errorf("it ran the commands under %s, want %s", got, want)
	}
}

// shell runs commands in the root of the repository, in the shop's namespace.
func (s *shop) shell(heading, commands string) {
	s.t.Helper()
	shell := exec.Command("sh", "-ex")
	shell.Dir, shell.Stdin = "../..", strings.NewReader("kubectl config set-context --current --namespace "+s.namespace+"\n"+commands)
	shell.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "PATH="+s.path())
	output, err := shell.CombinedOutput()
	s.t.Logf("%s\n%s", heading, output)
	if err != nil {
		s.t.Fatal(err)
	}
}

// playDeployments reports each Deployment that somebody creates as available, until the test ends.
func (s *shop) playDeployments() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	watcher, err := admin.Watch(ctx, &appsv1.DeploymentList{}, client.InNamespace(s.namespace))
	if err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for event := range watcher.ResultChan() {
			deployment, ok := event.Object.(*appsv1.Deployment)
			if !ok || len(deployment.Status.Conditions) > 0 {
				continue
			}
			if err := report(ctx, deployment, true); err != nil && ctx.Err() == nil {
				s.t.Error(err)
			}
		}
	}()
	s.t.Cleanup(func() {
		cancel()
		<-ended
	})
}
