//go:build e2e

package e2e

import "testing"

// TestMigrationFromAScript runs the commands of docs/migrate.md on a Service that nobody manages.
func TestMigrationFromAScript(t *testing.T) {
	ns := namespace(t)
	createDeployment(t, ns, "1.10", 3)
	createService(t, ns, "nginx", "1.10", "")
	awaitAvailable(t, ns, "nginx-1.10", 3)
	r := send(t, ns, "nginx", "1.10")
	r.Asked("1.11")
	readPage(t, "migrate.md", ns).run(t, "From a script")
	r.AwaitAnswer(t, "1.11")
	kubectl(t, "wait", "--for=delete", "deployment/nginx-1.10", "--namespace", ns, "--timeout=90s")
	assertSwitched(t, r.Judge(t).Switches)
}
