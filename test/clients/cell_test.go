//go:build e2e

package clients

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// cell is one client in one situation, in a namespace of its own.
type cell struct {
	*testing.T
	client    client
	namespace string
	dir       string

	// last is the manifest that the client wrote last, and before the one before that.
	last, before manifest
	// said is what came of the last write.
	said said
	// outcomes are what the situation is about; they become the text in the table.
	outcomes []outcome

	watching watch.Interface
	// moves are the versions to which traffic was expected to move so far.
	moves []string
}

// said is what a client printed.
type said struct {
	stdout, stderr string
	err            error
}

func newCell(t *testing.T, client client, labels map[string]string) *cell {
	t.Helper()
	made, err := cluster.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "clients-", Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: helm and kubectl take a comma, which a test's name may have, for the end of a path.
	dir, err := os.MkdirTemp("", "clients-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &cell{T: t, client: client, namespace: made.Name, dir: dir}
	t.Cleanup(func() {
		if t.Failed() {
			c.explain()
		}
		// Nothing waits for the end of it: namespace deletion has a test of its own.
		if err := cluster.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	if c.watching, err = cluster.CoreV1().Services(c.namespace).Watch(t.Context(), metav1.ListOptions{FieldSelector: named(service).String()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.watching.Stop)
	return c
}

func (c *cell) explain() {
	for _, args := range [][]string{
		{"get", "service", service, "--output", "yaml", "--show-managed-fields"},
		{"get", "deployments,pods,events"},
	} {
		printed, _ := exec.Command("kubectl", append([]string{"--namespace", c.namespace}, args...)...).CombinedOutput()
		c.Logf("\n%s", printed)
	}
}

// file writes a file into the cell's directory, and returns its path.
func (c *cell) file(name string, content []byte) string {
	c.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		c.Fatal(err)
	}
	return path
}

func (c *cell) runWith(environment []string, name string, args ...string) said {
	c.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(c.Context(), name, args...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	c.Logf("$ %s\n%s", strings.Join(append([]string{name}, args...), " "), stderr.String())
	return said{stdout.String(), stderr.String(), err}
}

func (c *cell) run(name string, args ...string) said {
	c.Helper()
	return c.runWith(nil, name, args...)
}

func (c *cell) kubectl(args ...string) said {
	c.Helper()
	return c.run("kubectl", append([]string{"--namespace", c.namespace}, args...)...)
}

// kubectlFile has kubectl do something with a file.
func (c *cell) kubectlFile(args []string, content []byte) said {
	c.Helper()
	return c.kubectl(append(args, "--filename", c.file("service.yaml", content))...)
}

// kustomization writes a base with the selector and an overlay that adds the annotations, and returns its directory.
func (c *cell) kustomization(m manifest) string {
	c.Helper()
	c.file("base.yaml", marshal(manifest{Selector: m.Selector}.object()))
	overlay := map[string]any{"resources": []string{"base.yaml"}}
	if len(m.Annotations) > 0 {
		patch := map[string]any{"apiVersion": "v1", "kind": "Service",
			"metadata": map[string]any{"name": service, "annotations": m.Annotations}}
		overlay["patches"] = []any{map[string]any{"patch": string(marshal(patch))}}
	}
	c.file("kustomization.yaml", marshal(overlay))
	return c.dir
}

// helm installs or upgrades the release whose values are the manifest.
func (c *cell) helm(program, command string, m manifest, flags ...string) said {
	c.Helper()
	values := c.file("values.yaml", marshal(m))
	args := []string{command, service, "testdata/chart", "--namespace", c.namespace, "--values", values}
	return c.run(program, append(args, flags...)...)
}

// must fails the cell if a program did.
func (c *cell) must(result said) said {
	c.Helper()
	if result.err != nil {
		c.Fatalf("%v\n%s%s", result.err, result.stdout, result.stderr)
	}
	return result
}

func (c *cell) get() *corev1.Service {
	c.Helper()
	current, err := cluster.CoreV1().Services(c.namespace).Get(c.Context(), service, metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return current
}

func named(name string) fields.Selector {
	return fields.OneTermEqualSelector(metav1.ObjectNameField, name)
}

// await watches one kind of object until one meets the condition, and returns that.
func await[T runtime.Object](c *cell, api cache.Getter, resource string, selector fields.Selector, what string, condition func(T) bool) T {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	var kind T
	event, err := watchtools.UntilWithSync(ctx, cache.NewListWatchFromClient(api, resource, c.namespace, selector), kind, nil,
		func(event watch.Event) (bool, error) {
			object, ok := event.Object.(T)
			return ok && event.Type != watch.Deleted && condition(object), nil
		})
	if err != nil {
		c.Fatalf("waiting for %s: %v", what, err)
	}
	return event.Object.(T)
}

func (c *cell) awaitService(name, what string, condition func(*corev1.Service) bool) *corev1.Service {
	c.Helper()
	return await(c, cluster.CoreV1().RESTClient(), "services", named(name), "Service "+name+" to have "+what, condition)
}

// settled waits until the controller has looked at the Service.
func (c *cell) settled() *corev1.Service {
	c.Helper()
	return c.awaitService(service, "settled", func(s *corev1.Service) bool {
		return !managed(s) || !strings.HasPrefix(s.Annotations[bluegreen.MessageKey], "Asked to move")
	})
}

// start has the client bring about the Service; one that only changes what is there finds it.
func (c *cell) start(m manifest) {
	c.Helper()
	if c.client.create != nil {
		c.must(c.client.create(c, m))
	} else {
		object := m.with("example.com/team", "web").object()
		if _, err := cluster.CoreV1().Services(c.namespace).Create(c.Context(), object, metav1.CreateOptions{}); err != nil {
			c.Fatal(err)
		}
	}
	c.last, c.before = m, m
	c.settled()
}

// write has the client write a manifest, and returns what came of it.
func (c *cell) write(m manifest, flags ...string) outcome {
	c.Helper()
	return c.judge(func() said {
		result := c.client.write(c, m, flags...)
		if result.err == nil && len(flags) == 0 {
			c.last, c.before = m, c.last
		}
		return result
	})
}

// writeFile has the client, which is a kubectl command, write a file.
func (c *cell) writeFile(content string) outcome {
	c.Helper()
	return c.judge(func() said { return c.kubectlFile(c.client.file, []byte(content)) })
}

// back has the client return to what was before its last write.
func (c *cell) back() outcome {
	c.Helper()
	if c.client.rollback == nil {
		return c.write(c.before)
	}
	return c.judge(func() said {
		c.last, c.before = c.before, c.last
		return c.client.rollback(c)
	})
}

// judge compares the Service before and after a write.
func (c *cell) judge(write func() said) outcome {
	c.Helper()
	before := c.settled()
	c.said = write()
	after := c.get()
	return classify(before, after, c.said)
}

// byHand runs somebody's kubectl on the Service, which must succeed.
func (c *cell) byHand(args ...string) {
	c.Helper()
	c.settled()
	c.must(c.kubectl(args...))
}

// asksByHand annotates the Service.
func (c *cell) asksByHand(version string) {
	c.Helper()
	c.byHand("annotate", "service", service, bluegreen.TargetVersion+"="+version, "--overwrite")
}

// record notes an outcome for the table.
func (c *cell) record(outcomes ...outcome) { c.outcomes = append(c.outcomes, outcomes...) }

// heard fails the cell unless the client was told all parts.
func (c *cell) heard(parts ...string) {
	c.Helper()
	for _, part := range parts {
		if text := strings.ReplaceAll(c.said.stderr, `\"`, `"`); !strings.Contains(text, part) {
			c.Errorf("the client was not told %q:\n%s", part, text)
		}
	}
}

// becomesReady makes a version ready, which moves the traffic that waits for it.
func (c *cell) becomesReady(version string) {
	c.Helper()
	c.setReady(version, true)
	c.moved(version)
}

// moved waits until the Service is on a version.
func (c *cell) moved(version string) {
	c.Helper()
	c.moves = append(c.moves, version)
	c.awaitService(service, "version "+version, func(s *corev1.Service) bool {
		return s.Spec.Selector["version"] == version
	})
}

// staysThough makes a version ready to which nothing moves. Another Service, which does ask for it, says when bluegreen has
// seen that.
func (c *cell) staysThough(version string) {
	c.Helper()
	fence := selecting("0").with(bluegreen.TargetVersion, version).object()
	fence.Name = "fence"
	if _, err := cluster.CoreV1().Services(c.namespace).Create(c.Context(), fence, metav1.CreateOptions{}); err != nil {
		c.Fatal(err)
	}
	c.setReady(version, true)
	c.awaitService("fence", "version "+version, func(s *corev1.Service) bool { return s.Spec.Selector["version"] == version })
	if err := cluster.CoreV1().Services(c.namespace).Delete(c.Context(), "fence", metav1.DeleteOptions{}); err != nil {
		c.Fatal(err)
	}
}

// overLabel is written on a Service when all is done.
const overLabel = "clients-test-is-over"

// assertMoves compares every state of the Service with what was expected of traffic: in no other moment did it move.
func (c *cell) assertMoves() {
	c.Helper()
	// The end of what is to be seen is a write of ours.
	patch := []byte(`{"metadata":{"labels":{"` + overLabel + `":""}}}`)
	if _, err := cluster.CoreV1().Services(c.namespace).Patch(c.Context(), service, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		c.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	var moves []string
	var selector string
	_, err := watchtools.UntilWithoutRetry(ctx, c.watching, func(event watch.Event) (bool, error) {
		seen, ok := event.Object.(*corev1.Service)
		if !ok {
			return false, fmt.Errorf("unexpected %v", event)
		}
		if now := metav1.FormatLabelSelector(metav1.SetAsLabelSelector(seen.Spec.Selector)); event.Type != watch.Deleted && now != selector {
			if selector != "" {
				moves = append(moves, seen.Spec.Selector["version"])
			}
			selector = now
		}
		_, over := seen.Labels[overLabel]
		return over, nil
	})
	if err != nil {
		c.Fatalf("looking at what the watch saw: %v", err)
	}
	if !slices.Equal(moves, c.moves) {
		c.Errorf("traffic moved to %q, expected %q", moves, c.moves)
	}
}
