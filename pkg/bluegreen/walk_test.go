package bluegreen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
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
	reason  Reason
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
	return func(c *cluster) { c.store(Write{New: manifest}) }
}

// write edits the stored Service, through the webhook.
func write(edits ...serviceOption) step {
	return func(c *cluster) {
		edited := c.service.DeepCopy()
		for _, edit := range edits {
			edit(edited)
		}
		c.store(Write{Old: c.service, New: edited})
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
func (c *cluster) store(write Write) {
	c.t.Helper()
	stored := write.New
	if !c.webhookDown || write.ByController {
		answer := Admit(write)
		if len(answer.Errors) > 0 {
			c.t.Fatalf("refused: %v", answer.Errors)
		}
		stored = answer.Service
	}
	if write.Old != nil && !write.ByController && !maps.Equal(stored.Spec.Selector, write.Old.Spec.Selector) {
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
		state := Observe(c.service, slices.Collect(maps.Values(c.deployments)))
		before := State{Service: c.service.DeepCopy(), Target: state.Target, Live: state.Live}
		action := Decide(state)
		if !reflect.DeepEqual(state, before) {
			c.t.Fatal("what was observed was changed")
		}
		if !action.Changes(c.service) {
			c.seen = append(c.seen, stop{c.service.Annotations[PhaseKey], action.Reason, c.service.Spec.Selector["version"], writes})
			return
		}
		c.judge(action)
		if change := action.Service.Annotations[PhaseKey] + " " + string(action.Reason); slices.Contains(saw, change) {
			c.t.Fatalf("a second write for the same phase and reason: %s after %q", change, saw)
		} else {
			saw = append(saw, change)
		}
		c.store(Write{Old: c.service, New: action.Service, ByController: true})
	}
}

// judge asserts that the controller moves traffic only to what is asked for, and only when that can carry it.
func (c *cluster) judge(action Action) {
	c.t.Helper()
	if maps.Equal(action.Service.Spec.Selector, c.service.Spec.Selector) {
		if action.Reason == ReasonSwitched {
			c.t.Error("Switched, but the selector is the same")
		}
		return
	}
	want := maps.Clone(c.service.Spec.Selector)
	want["version"] = c.service.Annotations[TargetVersion]
	equalMaps(c.t, "the controller's selector", action.Service.Spec.Selector, want)
	if action.Reason != ReasonSwitched {
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

func TestWalksEndWhereTheyShouldAndWriteNoMoreThanNeeded(t *testing.T) {
	blue, green := deployment("1.10"), deployment("1.11")
	greenStarts := deployment("1.11", starting)
	began := []step{runs(blue), create(service(asks("1.10")))}
	atRest := stop{"Stable", ReasonStable, "1.10", 0}

	for name, test := range map[string]struct {
		steps []step
		want  []stop // after those of began
	}{
		"the target is ready when asked: one write in all": {
			[]step{runs(green), write(asks("1.11"))},
			[]stop{atRest, {"Stable", ReasonStable, "1.11", 1}}},
		"the target starts after the ask: one write of what it waits for, one that moves traffic": {
			[]step{runs(greenStarts), write(asks("1.11")), runs(greenStarts), runs(green), runs(green)},
			[]stop{atRest, {"Waiting", ReasonNotAvailable, "1.10", 1}, {"Waiting", ReasonNotAvailable, "1.10", 0}, {"Stable", ReasonStable, "1.11", 1}, {"Stable", ReasonStable, "1.11", 0}}},
		"asked before anything of it exists": {
			[]step{write(asks("1.11")), runs(deployment("1.11", replicas(0))), runs(greenStarts), runs(green)},
			[]stop{{"Waiting", ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", ReasonScaledToZero, "1.10", 1}, {"Waiting", ReasonNotAvailable, "1.10", 1}, {"Stable", ReasonStable, "1.11", 1}}},
		"progress within a reason writes nothing": {
			[]step{write(asks("1.11")), runs(greenStarts),
				runs(deployment("1.11", starting, func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 1 })),
				runs(deployment("1.11", starting, func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 2 })), runs(green)},
			[]stop{{"Waiting", ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", ReasonNotAvailable, "1.10", 1}, {"Waiting", ReasonNotAvailable, "1.10", 0}, {"Waiting", ReasonNotAvailable, "1.10", 0}, {"Stable", ReasonStable, "1.11", 1}}},
		"the selector alone never moves traffic": {
			[]step{runs(green), write(selects("name", "nginx", "version", "1.11")), write(selects("name", "nginx"))},
			[]stop{atRest, atRest, atRest}},
		"both places, then the old selector again": {
			[]step{runs(green), write(asks("1.11"), selects("name", "nginx", "version", "1.11")), write(selects("name", "nginx", "version", "1.10"))},
			[]stop{atRest, {"Stable", ReasonStable, "1.11", 1}, {"Stable", ReasonStable, "1.11", 0}}},
		"withdrawn in time, and the target becomes ready after that": {
			[]step{write(asks("1.11")), write(asks("1.10")), runs(green)},
			[]stop{{"Waiting", ReasonDeploymentNotFound, "1.10", 1}, atRest, atRest}},
		"a newer ask outruns the one before": {
			[]step{write(asks("1.11")), write(asks("1.12")), runs(green), runs(deployment("1.12"))},
			[]stop{{"Waiting", ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", ReasonDeploymentNotFound, "1.10", 0}, {"Stable", ReasonStable, "1.12", 1}}},
		"back again": {
			[]step{runs(green), write(asks("1.11")), write(asks("1.10"))},
			[]stop{atRest, {"Stable", ReasonStable, "1.11", 1}, {"Stable", ReasonStable, "1.10", 1}}},
		"after the switch traffic stays, whatever becomes of the version": {
			[]step{runs(green), write(asks("1.11")), runs(greenStarts), gone("nginx-1.11")},
			[]stop{atRest, {"Stable", ReasonStable, "1.11", 1}, {"Stable", ReasonStable, "1.11", 0}, {"Stable", ReasonStable, "1.11", 0}}},
		"the target goes away while it is waited for": {
			[]step{runs(greenStarts), write(asks("1.11")), runs(deployment("1.11", deleting)), gone("nginx-1.11"), runs(green)},
			[]stop{atRest, {"Waiting", ReasonNotAvailable, "1.10", 1}, {"Waiting", ReasonDeploymentDeleting, "1.10", 1}, {"Waiting", ReasonDeploymentNotFound, "1.10", 1}, {"Stable", ReasonStable, "1.11", 1}}},
		"one of two Deployments of the target starts late": {
			[]step{runs(green, deployment("1.11", named("nginx-extra"), starting)), write(asks("1.11")), runs(deployment("1.11", named("nginx-extra")))},
			[]stop{atRest, {"Waiting", ReasonNotAvailable, "1.10", 1}, {"Stable", ReasonStable, "1.11", 1}}},
		"released while pending: nothing moves, nothing is left to write": {
			[]step{write(asks("1.11")), write(lacks(TargetVersion)), runs(green)},
			[]stop{{"Waiting", ReasonDeploymentNotFound, "1.10", 1}, {"", ReasonReleased, "1.10", 0}, {"", ReasonReleased, "1.10", 0}}},
		"released with a selector change, and taken back": {
			[]step{runs(green), write(lacks(TargetVersion), selects("name", "nginx", "version", "1.11")), write(asks("1.11"))},
			[]stop{atRest, {"", ReasonReleased, "1.10", 0}, {"Stable", ReasonStable, "1.11", 1}}},
		"asked while the webhook is away": {
			[]step{runs(greenStarts), unanswered(write(asks("1.11"))), runs(green)},
			[]stop{atRest, {"Waiting", ReasonNotAvailable, "1.10", 1}, {"Stable", ReasonStable, "1.11", 1}}},
		"asked for nonsense while the webhook is away": {
			[]step{runs(green), unanswered(write(asks("not a label!"))), write(asks("1.11"))},
			[]stop{atRest, {"Waiting", ReasonInvalid, "1.10", 1}, {"Stable", ReasonStable, "1.11", 1}}},
		"released while the webhook is away: one write cleans up": {
			[]step{unanswered(write(lacks(TargetVersion)))},
			[]stop{{"", ReasonReleased, "1.10", 1}}},
		"phase and message edited while the webhook is away: put back": {
			[]step{unanswered(write(annotation(PhaseKey, "Waiting"), annotation(MessageKey, "haha")))},
			[]stop{{"Stable", ReasonStable, "1.10", 1}}},
		"the version label changes while a switch is pending": {
			[]step{write(asks("1.11")), write(annotation(VersionLabel, "name"), asks("nginx"))},
			[]stop{{"Waiting", ReasonDeploymentNotFound, "1.10", 1}, atRest}},
	} {
		t.Run(name, func(t *testing.T) {
			got := walk(t, append(slices.Clone(began), test.steps...)...)
			want := append([]stop{atRest}, test.want...)
			if !slices.Equal(got, want) {
				t.Errorf("\n got %v\nwant %v", got, want)
			}
		})
	}
}

func TestAWalkFromAdoptionOfASelectorWithoutVersion(t *testing.T) {
	got := walk(t,
		create(service(selects("name", "nginx"))),
		write(asks("1.10")),
		runs(deployment("1.10")),
	)
	want := []stop{{"", ReasonReleased, "", 0}, {"Waiting", ReasonDeploymentNotFound, "", 1}, {"Stable", ReasonStable, "1.10", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestAWalkFromACreationThatIsPending(t *testing.T) {
	got := walk(t,
		create(service(asks("1.11"))),
		runs(deployment("1.10")),
		runs(deployment("1.11")),
	)
	want := []stop{{"Waiting", ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", ReasonDeploymentNotFound, "1.10", 0}, {"Stable", ReasonStable, "1.11", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}
