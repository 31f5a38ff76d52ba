//go:build e2e

package gitops

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

func (c *cell) awaitService(what string, condition func(*corev1.Service) bool) *corev1.Service {
	c.Helper()
	return cluster.AwaitService(c, c.namespace, service, what, condition)
}

func (c *cell) awaitDeployment(name, what string, condition func(*appsv1.Deployment) bool) {
	c.Helper()
	cluster.AwaitDeployment(c, c.namespace, name, what, condition)
}

func (c *cell) awaitAvailable(name string) {
	c.Helper()
	c.awaitDeployment(name, "be available", func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration >= d.Generation && *d.Spec.Replicas > 0 && d.Status.AvailableReplicas == *d.Spec.Replicas
	})
}

// switches waits until traffic is on the version of the newest commit, and the Deployment of another revision is what Git says of it.
func (c *cell) switches(from revision) {
	c.Helper()
	to := c.revision().live
	c.awaitVersion(to)
	c.requests.AwaitAnswer(c, to)
	c.situation.form.vacates(c, c.situation.form.deployment(from))
}

func (c *cell) awaitVersion(to string) {
	c.Helper()
	c.awaitService("be on version "+to, func(s *corev1.Service) bool {
		return version(s) == to && target(s) == to && phase(s) == bluegreen.Stable
	})
}

// ends waits until nothing is left of a Deployment.
func (c *cell) ends(deployment string) {
	c.Helper()
	c.kubectl("wait", "--for=delete", "deployment/"+deployment, "--timeout=60s")
}

// frees waits until a slot is what the newest commit says of it, with nothing of it held.
func (c *cell) frees(deployment string) {
	c.Helper()
	r := c.revision()
	slot := slices.Index(slotNames[:], strings.TrimPrefix(deployment, "nginx-"))
	c.awaitDeployment(deployment, "be as the newest commit says", func(d *appsv1.Deployment) bool {
		return d.Spec.Template.Labels["version"] == r.slots[slot] && !d.Spec.Paused &&
			*d.Spec.Replicas == r.replicas(slot) && d.Status.Replicas == r.replicas(slot)
	})
}

// waits waits until the Service asks for the version of the newest commit, and is held on another.
func (c *cell) waits(on string) {
	c.Helper()
	to := c.revision().live
	c.awaitService("wait for version "+to, func(s *corev1.Service) bool {
		return target(s) == to && phase(s) == bluegreen.Waiting && version(s) == on
	})
}

// stays waits until the Service asks for the version of the newest commit, on which it has been all along.
func (c *cell) stays() {
	c.Helper()
	to := c.revision().live
	c.awaitService("stay on version "+to, func(s *corev1.Service) bool {
		return target(s) == to && version(s) == to && phase(s) == bluegreen.Stable
	})
}

// settles waits until the engine says that all is as the newest commit says.
func (c *cell) settles() {
	c.Helper()
	c.awaitReport("be settled", func(r report) bool { return r.commit == c.repository.commit && r.settled })
}

// shows notes for the table that something came of it, and what the engine shows of the newest commit.
func (c *cell) shows(word string) {
	c.Helper()
	c.awaitReport("show the newest commit", func(r report) bool {
		if r.commit != c.repository.commit {
			return false
		}
		c.record(word + " (" + r.status + ")")
		return true
	})
}

func (c *cell) awaitReport(what string, condition func(report) bool) {
	c.Helper()
	c.engine.application(c).await(c, "the engine to "+what, func(o *unstructured.Unstructured) bool { return condition(c.engine.read(o)) })
}

// unwritten notes if anything of the Service changes, or bluegreen writes it at all, while the engine looks at the application twice. What
// came before has its time until the engine looks for the first time.
func (c *cell) unwritten() {
	c.Helper()
	c.looks(1)
	mark, before := cluster.MarkAudit(c), c.get()
	c.looks(2)
	if after := c.get(); after.ResourceVersion != before.ResourceVersion {
		c.record("the Service is written")
	}
	for _, write := range mark.Writes(c, c.namespace) {
		if write.ByController() {
			c.record("bluegreen writes it")
			c.Logf("%+v", write)
		}
	}
}

// looks waits until the engine has looked at the application again, so many times.
func (c *cell) looks(times int) {
	c.Helper()
	seen := map[string]bool{}
	c.awaitReport("look again", func(r report) bool {
		seen[r.looked] = true
		return len(seen) > times
	})
}

func (c *cell) get() *corev1.Service {
	c.Helper()
	current, err := cluster.CoreV1().Services(c.namespace).Get(c.Context(), service, metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return current
}

// deletes has the application deleted, with all that belongs to it. Its requests end before.
func (c *cell) deletes() {
	c.Helper()
	c.judge()
	app := c.engine.application(c)
	if err := app.client.Delete(c.Context(), app.name, metav1.DeleteOptions{}); err != nil {
		c.Fatal(err)
	}
	if c.goes(app) {
		c.record("gone")
		return
	}
	c.record("stuck")
	c.explain()
	c.kubectl("delete", "service", service, "--wait=false")
	if c.goes(app) {
		c.record("gone once the Service is deleted by hand")
	}
}

// goes reports whether an application and all of its objects go.
func (c *cell) goes(app application) bool {
	c.Helper()
	for _, of := range []struct{ namespace, object string }{
		{app.namespace, app.resource()},
		{c.namespace, "service/" + service},
		{c.namespace, "deployment"},
	} {
		args := []string{"wait", "--for=delete", "--timeout=45s", "--namespace", of.namespace, of.object}
		if of.object == "deployment" {
			args = append(args, "--all")
		}
		if harness.Try(c, "kubectl", args...).Err != nil {
			return false
		}
	}
	return true
}

// judge stops the requests and fails the cell if any failed, or if versions were mixed.
func (c *cell) judge() {
	c.Helper()
	if c.report == nil {
		report := c.requests.Judge(c)
		c.report = &report
	}
}
