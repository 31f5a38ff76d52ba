//go:build e2e

package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// flux is its kustomize-controller, which applies by server-side apply and corrects drift.
type flux struct{}

var (
	kustomizations  = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	gitRepositories = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}
)

// shard is the label by which a Kustomization is one for a kustomize-controller of its own, and cancels is that of one which ends a
// health check when there is a newer commit.
const (
	shard   = "sharding.fluxcd.io/key"
	cancels = "cancels"
)

// startFlux starts its controllers.
func startFlux(p *programs) error {
	ports, err := installation.FreePorts(1)
	if err != nil {
		return err
	}
	address, storage := fmt.Sprintf("127.0.0.1:%d", ports[0]), filepath.Join(p.dir, "artifacts")
	if err := os.Mkdir(storage, 0o700); err != nil {
		return err
	}
	for _, controller := range []struct {
		name, variable string
		args           []string
	}{
		{"source-controller", "SOURCE_CONTROLLER", []string{"--storage-path=" + storage, "--storage-addr=" + address,
			"--storage-adv-addr=" + address}},
		// A worker that waits for a version to become ready is not free for another application.
		{"kustomize-controller", "KUSTOMIZE_CONTROLLER", []string{"--concurrent=50", "--watch-label-selector=!" + shard}},
		{"kustomize-controller-cancels", "KUSTOMIZE_CONTROLLER", []string{"--watch-label-selector=" + shard + "=" + cancels,
			"--feature-gates=CancelHealthCheckOnNewRevision=true"}},
	} {
		program, err := built(controller.variable)
		if err != nil {
			return err
		}
		if err := installKinds(program); err != nil {
			return err
		}
		args := append(controller.args, "--watch-all-namespaces", "--enable-leader-election=false", "--events-addr=",
			"--interval-jitter-percentage=0", "--metrics-addr=0", "--health-addr=0")
		if err := p.start(controller.name, []string{"RUNTIME_NAMESPACE=default"}, program, args...); err != nil {
			return err
		}
	}
	return nil
}

func (flux) title() string { return fluxTitle }

func (flux) deploy(c *cell) {
	c.Helper()
	labels, timeout := "", "15s"
	if c.situation.cancels {
		labels, timeout = shard+": "+cancels, "10m" // Nothing that happens in time has waited for it.
	}
	manifest := fmt.Sprintf(`
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: app, namespace: %[1]s}
spec: {url: %[2]q, ref: {branch: main}, interval: 1h}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: %[1]s, labels: {%[3]s}}
spec:
  sourceRef: {kind: GitRepository, name: app}
  targetNamespace: %[1]s
  prune: true
  interval: 5s
  timeout: %[4]s
`, c.namespace, c.repository.url, labels, timeout)
	if err := apply([]byte(manifest)); err != nil {
		c.Fatal(err)
	}
	health, err := os.ReadFile(example("flux/health.yaml"))
	if err != nil {
		c.Fatal(err)
	}
	patch := strings.ReplaceAll(string(health), "namespace: default", "namespace: "+c.namespace)
	c.kubectl("patch", "kustomization", "app", "--type=merge", "--patch", patch)
}

func (flux) tell(c *cell) {
	c.Helper()
	c.kubectl("annotate", "gitrepository", "app", "--overwrite",
		"reconcile.fluxcd.io/requestedAt="+time.Now().Format(time.RFC3339Nano))
	applicationOf(gitRepositories, c.namespace, "app").await(c, "the source to be the newest commit", func(o *unstructured.Unstructured) bool {
		return strings.HasSuffix(text(o, "status", "artifact", "revision"), c.repository.commit)
	})
}

func (flux) application(c *cell) application {
	return applicationOf(kustomizations, c.namespace, "app")
}

func (flux) read(o *unstructured.Unstructured) report {
	_, commit, _ := strings.Cut(text(o, "status", "lastAttemptedRevision"), ":")
	healthy, ready := condition(o, "Healthy"), condition(o, "Ready")
	applied := text(o, "status", "lastAppliedRevision") == text(o, "status", "lastAttemptedRevision")
	// It looks at the health again and again. If a version is not ready, that ends with the timeout.
	r := report{commit: commit, busy: healthy == "False", settled: applied && ready == "True" && healthy == "True"}
	r.status = "not ready"
	if r.settled {
		r.status = "ready"
	}
	history, _, _ := unstructured.NestedSlice(o.Object, "status", "history")
	r.looked = fmt.Sprint(history)
	return r
}

// interrupt does nothing: what Flux waits for has a timeout.
func (flux) interrupt(*cell) string { return "after the timeout of its health check" }

// condition returns the status of a condition.
func condition(o *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == kind {
			return fmt.Sprint(c["status"])
		}
	}
	return ""
}

// text returns a field, or nothing.
func text(o *unstructured.Unstructured, fields ...string) string {
	value, _, _ := unstructured.NestedString(o.Object, fields...)
	return value
}
