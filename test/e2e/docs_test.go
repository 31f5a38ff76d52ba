//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// page is a page of docs/, or README, whose commands are run.
type page struct {
	namespace string
	// commands are those of the shell blocks, by the heading above them. What was run is removed.
	commands map[string]string
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

func readPage(t *testing.T, name, namespace string) *page {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(cluster.Root, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	p := &page{namespace, map[string]string{}}
	for section := range strings.SplitSeq("\n"+string(content), "\n## ") {
		heading, body, _ := strings.Cut(section, "\n")
		for _, block := range shellBlock.FindAllStringSubmatch(body, -1) {
			p.commands[heading] += block[1]
		}
	}
	return p
}

// run runs the commands under a heading, and logs them with what they print.
func (p *page) run(t *testing.T, heading string) {
	t.Helper()
	p.shell(t, heading, "-eux")
}

// shell runs the commands under a heading as a person would, whose kubectl is set to the namespace, and returns what they print.
func (p *page) shell(t *testing.T, heading, flags string) (printed string) {
	t.Helper()
	commands, found := p.commands[heading]
	if !found {
		t.Fatalf("no commands under %q", heading)
	}
	delete(p.commands, heading)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(kubectl(t, "config", "view", "--raw").Stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "config", "set-context", "--kubeconfig", kubeconfig, "--current", "--namespace", p.namespace)
	shell := exec.Command("sh", flags)
	shell.Dir, shell.Stdin = cluster.Root, strings.NewReader(commands)
	shell.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	output, err := shell.CombinedOutput()
	t.Logf("%s\n%s", heading, output)
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

// assertAllRun fails the test if the page has commands that were not run.
func (p *page) assertAllRun(t *testing.T) {
	t.Helper()
	for heading := range p.commands {
		t.Errorf("nobody ran the commands under %q", heading)
	}
}

// TestBreakGlass runs docs/break-glass.md from top to bottom, and then has the tests that follow find all as it was.
func TestBreakGlass(t *testing.T) {
	ns, r := twoVersions(t)
	p := readPage(t, "break-glass.md", ns)
	if t.Run("docs/break-glass.md", func(t *testing.T) { breakGlass(t, p, r) }) {
		p.assertAllRun(t)
	}
	reinstall(t)
}

func breakGlass(t *testing.T, p *page, r *harness.Requests) {
	stop(t)
	r.Asked("1.11")
	p.run(t, "Move one Service")
	r.AwaitAnswer(t, "1.11")

	start(t)
	cluster.AwaitWebhook(t)
	p.run(t, "Hand it back")
	awaitPhase(t, p.namespace, "nginx", bluegreen.Stable, "")

	r.Asked("1.10")
	p.run(t, "Move many Services")
	r.AwaitAnswer(t, "1.10")

	p.run(t, "Put everything back")
	cluster.AwaitWebhook(t)
	printed := kubectl(t, "patch", "service", "nginx", "--namespace", p.namespace, "-p", `{"spec":{"selector":{"version":"1.11"}}}`)
	contains(t, printed.Stderr, "Warning: bluegreen: spec.selector[version]: traffic stays on version 1.10")
	kubectl(t, "get", "validatingadmissionpolicybinding", release)

	awaitProtected(t, p.namespace, "nginx-1.10")
	deleteAndKeep(t, p.namespace, "nginx-1.10")
	r.Asked("1.11")
	p.run(t, "The Deployment that serves is being deleted")
	r.AwaitAnswer(t, "1.11")
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", p.namespace, "--timeout=60s")
	assertSwitched(t, r.Judge(t).Switches)

	start(t)
	cluster.AwaitWebhook(t)
	createDeployment(t, p.namespace, "1.10", 1)
	createService(t, p.namespace, "other", "1.10", "1.10")
	awaitProtected(t, p.namespace, "nginx-1.10")
	stop(t)
	deleteAndKeep(t, p.namespace, "nginx-1.10")
	p.run(t, "A Deployment that does not go")
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", p.namespace, "--timeout=60s")
}

// deleteAndKeep deletes a Deployment that the finalizer keeps.
func deleteAndKeep(t *testing.T, namespace, name string) {
	t.Helper()
	kubectl(t, "delete", "deployment", name, "--namespace", namespace, "--wait=false")
	awaitDeployment(t, namespace, name, "been deleted, and stayed", deleted)
}

// TestClientsPage runs the commands of docs/clients.md.
func TestClientsPage(t *testing.T) {
	ns, r := twoVersions(t)
	p := readPage(t, "clients.md", ns)
	ask(t, r, ns, "1.11")
	p.run(t, "Wait for a switch")
	r.AwaitAnswer(t, "1.11")
	p.assertAllRun(t)
	assertSwitched(t, r.Judge(t).Switches)
}

// TestReadme runs the walk of README, after which nginx is on 1.11, and nobody's but its user's.
func TestReadme(t *testing.T) {
	ns := namespace(t)
	p := readPage(t, "../README.md", ns)
	printed := p.shell(t, "The walk", "-eux")
	contains(t, printed, "Warning: bluegreen: spec.selector[version]: traffic stays on version 1.11", "bluegreen/target-version removed")
	p.assertAllRun(t)
	service := getService(t, ns, "nginx")
	if len(bluegreen.Annotations(service)) > 0 || service.Spec.Selector["version"] != "1.11" {
		t.Errorf("annotations %v, selector %v", service.Annotations, service.Spec.Selector)
	}
}
