package ladder

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// cluster is an API server of one Service, with the webhook and the controller of this package.
type cluster struct {
	t           *testing.T
	service     *corev1.Service
	deployments map[string]*appsv1.Deployment
	seen        []stop
	webhookDown bool
}

// stop is where a Service stands when nothing moves any more, and how many writes of the controller led there.
type stop struct {
	phase   string
	reason  bluegreen.Reason
	version string
	writes  int
}

// step is something that happens in a cluster.
type step func(*cluster)

func walk(t *testing.T, steps ...step) []stop {
	t.Helper()
	c := &cluster{t: t, deployments: map[string]*appsv1.Deployment{}}
	for _, step := range steps {
		step(c)
		c.settle()
	}
	return c.seen
}

// create stores a new Service, through the webhook.
func create(manifest *corev1.Service) step {
	return func(c *cluster) { c.store(admission.ServiceWrite{New: bluegreen.Read(manifest)}) }
}

// write edits the stored Service, through the webhook.
func write(edits ...ServiceOption) step {
	return func(c *cluster) {
		edited := c.service.DeepCopy()
		for _, edit := range edits {
			edit(edited)
		}
		c.store(admission.ServiceWrite{Old: bluegreen.Read(c.service), New: bluegreen.Read(edited)})
	}
}

// unanswered makes a step happen while the webhook is away. The policy of the API server still holds selectors.
func unanswered(happens step) step {
	return func(c *cluster) {
		c.webhookDown = true
		happens(c)
		c.webhookDown = false
	}
}

func runs(deployments ...*appsv1.Deployment) step {
	return func(c *cluster) {
		for _, deployment := range deployments {
			c.deployments[deployment.Name] = deployment
		}
	}
}

func gone(name string) step { return func(c *cluster) { delete(c.deployments, name) } }

// store admits a write and asserts the invariant: the selector changes by the controller's write only.
func (c *cluster) store(write admission.ServiceWrite) {
	c.t.Helper()
	stored := write.New.Service
	if !c.webhookDown || write.ByController {
		answer := admission.AdmitService(write)
		if len(answer.Errors) > 0 {
			c.t.Fatalf("refused: %v", answer.Errors)
		}
		stored = answer.Service
	}
	if write.Old.Exists() && !write.ByController && !maps.Equal(stored.Spec.Selector, write.Old.Spec.Selector) {
		c.t.Errorf("somebody moved traffic from %v to %v", write.Old.Spec.Selector, stored.Spec.Selector)
	}
	c.service = stored.DeepCopy()
}

// settle runs the controller until it has nothing to write, and notes where that is.
func (c *cluster) settle() {
	c.t.Helper()
	if c.service == nil {
		return
	}
	var saw []string
	for writes := 0; ; writes++ {
		state := observe(c.service, slices.Collect(maps.Values(c.deployments)))
		before := observe(c.service.DeepCopy(), slices.Collect(maps.Values(c.deployments)))
		action := outcomeOf(state)
		if !reflect.DeepEqual(state, before) {
			c.t.Fatal("what was observed was changed")
		}
		if !action.writes {
			c.seen = append(c.seen, stop{c.service.Annotations[bluegreen.PhaseKey], action.Reason, c.service.Spec.Selector["version"], writes})
			return
		}
		c.judge(action)
		if change := action.Service.Annotations[bluegreen.PhaseKey] + " " + string(action.Reason); slices.Contains(saw, change) {
			c.t.Fatalf("a second write for the same phase and reason: %s after %q", change, saw)
		} else {
			saw = append(saw, change)
		}
		c.store(admission.ServiceWrite{Old: state.Service, New: bluegreen.Read(action.Service), ByController: true})
	}
}

// judge asserts that the controller moves traffic only to what is asked for, and only when that can carry it.
func (c *cluster) judge(action outcome) {
	c.t.Helper()
	if maps.Equal(action.Service.Spec.Selector, c.service.Spec.Selector) {
		if action.Reason == bluegreen.ReasonSwitched {
			c.t.Error("Switched, but the selector is the same")
		}
		return
	}
	want := maps.Clone(c.service.Spec.Selector)
	want["version"] = c.service.Annotations[bluegreen.TargetVersion]
	EqualMaps(c.t, "the controller's selector", action.Service.Spec.Selector, want)
	if action.Reason != bluegreen.ReasonSwitched {
		c.t.Errorf("traffic moved for reason %s", action.Reason)
	}
	if problem := unready(action.Service.Spec.Selector, slices.Collect(maps.Values(c.deployments))); problem != "" {
		c.t.Errorf("traffic moved although %s", problem)
	}
}

// unready is the gate, spelled once more and apart from the code under test.
func unready(selector map[string]string, deployments []*appsv1.Deployment) string {
	matching := 0
	for _, d := range deployments {
		matches := true
		for key, value := range selector {
			carried, exists := d.Spec.Template.Labels[key]
			matches = matches && exists && carried == value
		}
		if !matches {
			continue
		}
		matching++
		reports := false
		for _, condition := range d.Status.Conditions {
			if condition.Type == "Available" {
				reports = condition.Status == "True" && condition.Reason == "MinimumReplicasAvailable"
				break
			}
		}
		if d.DeletionTimestamp != nil || d.Spec.Replicas != nil && *d.Spec.Replicas < 1 || d.Status.AvailableReplicas < 1 ||
			d.Status.ObservedGeneration < d.Generation || !reports {
			return fmt.Sprintf("Deployment %s is not ready: %+v", d.Name, d.Status)
		}
	}
	if matching == 0 {
		return "no Deployment matches"
	}
	return ""
}
