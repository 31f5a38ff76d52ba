//go:build e2e && argorollouts

package e2e

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var (
	argoRollouts     = flag.String("argo", "", "program of Argo Rollouts")
	argoRolloutsCRDs = flag.String("argo-crds", "", "directory of its CustomResourceDefinitions")
)

// TestMigrationFromArgoRollouts runs the commands of docs/migrate.md on a Rollout that Argo Rollouts keeps, and then switches.
func TestMigrationFromArgoRollouts(t *testing.T) {
	ns := namespace(t)
	startArgoRollouts(t, ns)
	kubectl(t, "apply", "--namespace", ns, "-f", filepath.Join(cluster.Root, "examples/argo-rollouts/rollout.yaml"))
	kubectl(t, "wait", "rollout/nginx", "--namespace", ns, "--for=jsonpath={.status.phase}=Healthy", "--timeout=120s")
	kubectl(t, "wait", "service/nginx", "--namespace", ns, "--for=jsonpath={.spec.selector.rollouts-pod-template-hash}", "--timeout=30s")
	r := send(t, ns, "nginx", "1.10")

	readPage(t, "migrate.md", ns).run(t, "From Argo Rollouts")
	if selector := getService(t, ns, "nginx").Spec.Selector; len(selector) != 2 || selector["version"] != "1.10" {
		t.Errorf("the selector is %v", selector)
	}
	createDeployment(t, ns, "1.11", 3)
	awaitAvailable(t, ns, "nginx-1.11", 3)
	switchTo(t, r, ns, "1.11")
	assertSwitched(t, r.Judge(t).Switches)
}

// startArgoRollouts installs the types of Argo Rollouts, and starts its controller for a namespace.
func startArgoRollouts(t *testing.T, namespace string) {
	t.Helper()
	types, err := filepath.Glob(filepath.Join(*argoRolloutsCRDs, "*-crd.yaml"))
	if err != nil || len(types) == 0 {
		t.Fatalf("-argo-crds=%s: no *-crd.yaml there (%v)", *argoRolloutsCRDs, err)
	}
	for _, file := range types {
		kubectl(t, "apply", "--server-side", "-f", file)
		t.Cleanup(func() { kubectl(t, "delete", "--ignore-not-found", "--wait=false", "-f", file) })
	}
	kubectl(t, "wait", "crd/rollouts.argoproj.io", "--for=condition=Established", "--timeout=30s")
	controller := exec.CommandContext(t.Context(), *argoRollouts, "--kubeconfig="+os.Getenv("KUBECONFIG"), "--namespaced",
		"--namespace="+namespace, "--leader-elect=false", "--loglevel=error", "--kloglevel=0", "--metricsPort=0", "--healthzPort=0")
	controller.Stderr = os.Stderr
	if err := controller.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = controller.Wait() }) // It is killed when the test's context ends.
}
