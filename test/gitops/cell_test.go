//go:build e2e

package gitops

import (
	"cmp"
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// service is the name of the Service in every cell.
const service = "nginx"

// cell is one engine in one situation: an application in a repository and a namespace of its own, under live requests. Its methods here
// are what a situation can have done, those in expectation_test.go what it can expect.
type cell struct {
	*testing.T
	engine    engine
	situation situation

	namespace  string
	repository *repository
	requests   *harness.Requests
	// report is what became of them.
	report *traffic.Report

	// revisions are those of the commits.
	revisions []revision
	// words are what came of it, for the table, and late is why the next comes later than it could.
	words []string
	late  string
}

// newCell has the engine deploy the first revision, and sends requests at it.
func newCell(t *testing.T, engine engine, situation situation) *cell {
	t.Helper()
	made, err := cluster.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "gitops-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := &cell{T: t, engine: engine, situation: situation, namespace: made.Name}
	t.Cleanup(c.remove)
	c.repository = repositories.create(t, c.namespace)
	c.put(firstRevision())
	engine.deploy(c)
	c.awaitAvailable(situation.form.deployment(c.revision()))
	c.requests = cluster.Send(t, c.namespace, service, c.revision().live, 40)
	c.requests.SlowToo(t)
	return c
}

// remove removes what the cell made. Without its finalizers, nobody looks after what stands for the application.
func (c *cell) remove() {
	if c.Failed() {
		c.explain()
	}
	ctx, app := context.Background(), c.engine.application(c)
	_, _ = app.client.Patch(ctx, app.name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
	_ = app.client.Delete(ctx, app.name, metav1.DeleteOptions{})
	if err := cluster.CoreV1().Namespaces().Delete(ctx, c.namespace, metav1.DeleteOptions{}); err != nil {
		c.Error(err)
	}
}

// explain logs what a person would look at after a failure.
func (c *cell) explain() {
	app := c.engine.application(c)
	if object, err := app.client.Get(context.Background(), app.name, metav1.GetOptions{}); err == nil {
		c.Logf("%s: %+v\n%v", app.name, c.engine.read(object), object.Object["status"])
	}
	for _, args := range [][]string{{"describe", "services"}, {"get", "deployments", "--output=yaml"}, {"get", "deployments,pods,events"}} {
		c.Log("\n" + harness.Try(c, "kubectl", append(args, "--namespace", c.namespace)...).Stdout)
	}
}

// kubectl runs it in the cell's namespace.
func (c *cell) kubectl(args ...string) {
	c.Helper()
	harness.Run(c, "kubectl", append([]string{"--namespace", c.namespace}, args...)...)
}

// revision is the newest.
func (c *cell) revision() revision { return c.revisions[len(c.revisions)-1] }

func (c *cell) put(r revision) {
	c.Helper()
	c.revisions = append(c.revisions, r)
	c.repository.put(c, r.render(c, c.situation.form, "drain="+cmp.Or(c.situation.drain, "5s"), "selects="+c.situation.selects))
}

// push commits a revision, and has the engine know.
func (c *cell) push(r revision) {
	c.Helper()
	c.requests.Asked(r.live)
	c.put(r)
	c.engine.tell(c)
}

// ask commits a revision with another version.
func (c *cell) ask(version string) {
	c.Helper()
	c.push(c.revision().next(version))
}

// revert commits the revision before the newest.
func (c *cell) revert() {
	c.Helper()
	c.push(c.revisions[len(c.revisions)-2])
}

// arrives waits until the engine is at the newest commit. If it waits for something else before it looks at that, it is interrupted, and
// the table tells.
func (c *cell) arrives() {
	c.Helper()
	var seen report
	arrived := func(o *unstructured.Unstructured) bool {
		seen = c.engine.read(o)
		return seen.commit == c.repository.commit
	}
	c.engine.application(c).await(c, "the engine to decide", func(o *unstructured.Unstructured) bool { return arrived(o) || seen.busy })
	if seen.commit == c.repository.commit {
		return
	}
	c.late = c.engine.interrupt(c)
	c.engine.application(c).await(c, "the engine to get to the newest commit", arrived)
}

// record notes what came of it, for the table.
func (c *cell) record(word string) {
	c.words = append(c.words, strings.TrimSpace(word+" "+c.late))
	c.late = ""
}

func (c *cell) text() string { return strings.Join(c.words, ", ") }

func target(s *corev1.Service) string { return s.Annotations[bluegreen.TargetVersion] }

func phase(s *corev1.Service) bluegreen.Phase {
	return bluegreen.Phase(s.Annotations[bluegreen.PhaseKey])
}

func version(s *corev1.Service) string { return s.Spec.Selector["version"] }
