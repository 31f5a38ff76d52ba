package ladder

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

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
	now         time.Time
	checks      jobRunner
}

// stop is where a Service stands when nothing moves any more, and how many writes of the controller led there.
type stop struct {
	phase   string
	reason  Reason
	version string
	writes  int
}

// How many writes of the controller it takes.
const (
	noWrite  = 0
	oneWrite = 1
)

// rests is a managed Service on its target.
func rests(version string, writes int) stop { return stop{"Stable", ReasonStable, version, writes} }

// waits is a Service whose switch is held, and the version that is live meanwhile.
func waits(reason Reason, version string, writes int) stop {
	return stop{"Waiting", reason, version, writes}
}

// unmanaged is a Service that has been given back, or never was managed.
func unmanaged(version string, writes int) stop { return stop{"", ReasonNotManaged, version, writes} }

// expectWalk compares where a walk stopped.
func expectWalk(t *testing.T, got []stop, want ...stop) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func newCluster(t *testing.T) *cluster {
	return &cluster{t: t, deployments: map[string]*appsv1.Deployment{}, now: now}
}

// step is something that happens in a cluster.
type step func(*cluster)

// walk is where a cluster stands after each of some steps.
func walk(t *testing.T, steps ...step) []stop {
	t.Helper()
	c := newCluster(t)
	for _, step := range steps {
		step(c)
		c.settle()
	}
	return c.seen
}

// create stores a new Service, through the webhook.
func create(manifest *corev1.Service) step {
	return func(c *cluster) { c.store(serviceWrite{new: manifest}) }
}

// write edits the stored Service, through the webhook.
func write(edits ...ServiceOption) step {
	return func(c *cluster) {
		edited := c.service.DeepCopy()
		for _, edit := range edits {
			edit(edited)
		}
		c.store(serviceWrite{old: c.service, new: edited})
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

// runs puts Deployments into the cluster, or their newer state.
func runs(deployments ...*appsv1.Deployment) step {
	return func(c *cluster) {
		for _, deployment := range deployments {
			c.deployments[deployment.Name] = deployment
		}
	}
}

// gone takes a Deployment out of the cluster.
func gone(name string) step { return func(c *cluster) { delete(c.deployments, name) } }

// store admits a write and asserts the invariant: the selector changes by the controller's write only.
func (c *cluster) store(write serviceWrite) {
	c.t.Helper()
	stored := write.new
	if !c.webhookDown || write.byController {
		stored = admitted(c.t, write)
	}
	if write.old != nil && !write.byController && !maps.Equal(stored.Spec.Selector, write.old.Spec.Selector) {
		c.t.Errorf("somebody moved traffic from %v to %v", write.old.Spec.Selector, stored.Spec.Selector)
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
	for count := 0; ; count++ {
		state, before := c.observed(c.service), c.observed(c.service.DeepCopy())
		action := decideOn(state)
		if !reflect.DeepEqual(state, before) {
			c.t.Fatal("what was observed was changed")
		}
		if action = c.checks.prepare(state, action); c.checks.perform(c.service, action) && !action.Writes {
			count--
			continue
		}
		if !action.Writes {
			c.seen = append(c.seen, c.standing(action.Reason, count))
			return
		}
		c.judge(action)
		if change := action.Service.Annotations[bluegreen.PhaseKey] + " " + string(action.Reason); slices.Contains(saw, change) {
			c.t.Fatalf("a second write for the same phase and reason: %s after %q", change, saw)
		} else {
			saw = append(saw, change)
		}
		c.store(serviceWrite{old: c.service, new: action.Service, byController: true})
	}
}

func (c *cluster) observed(service *corev1.Service) State {
	state := observe(service, slices.Collect(maps.Values(c.deployments)))
	state.Now, state.Checks = c.now, c.checks.observed(service)
	return state
}

func (c *cluster) standing(reason Reason, writes int) stop {
	return stop{c.service.Annotations[bluegreen.PhaseKey], reason, c.service.Spec.Selector["version"], writes}
}

// judge asserts that the controller moves traffic only to what is asked for, or back to what the last switch left, and only when that can
// carry it.
func (c *cluster) judge(action Action) {
	c.t.Helper()
	if maps.Equal(action.Service.Spec.Selector, c.service.Spec.Selector) {
		if action.Reason == ReasonSwitched {
			c.t.Error("Switched, but the selector is the same")
		}
		return
	}
	want := maps.Clone(c.service.Spec.Selector)
	switch action.Reason {
	case ReasonSwitched:
		want["version"] = c.service.Annotations[bluegreen.TargetVersion]
	case ReasonRolledBack:
		want["version"], _, _ = strings.Cut(c.service.Annotations[bluegreen.LastSwitchKey], "/")
	default:
		c.t.Errorf("traffic moved for reason %s", action.Reason)
	}
	EqualMaps(c.t, "the controller's selector", action.Service.Spec.Selector, want)
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
		ends := d.DeletionTimestamp != nil && !slices.Contains(d.Finalizers, bluegreen.InUseProtection)
		if ends || d.Spec.Replicas != nil && *d.Spec.Replicas < 1 || d.Status.AvailableReplicas < 1 ||
			d.Status.ObservedGeneration < d.Generation || !reports {
			return fmt.Sprintf("Deployment %s is not ready: %+v", d.Name, d.Status)
		}
	}
	if matching == 0 {
		return "no Deployment matches"
	}
	return ""
}
