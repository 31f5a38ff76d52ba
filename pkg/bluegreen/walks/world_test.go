package walks

import (
	"fmt"
	"math/rand/v2"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

const namespace = "shop"

// The Services of a world, and its Deployments. web is asked for versions, and so is api, of the same pods; twin follows web on the same
// pods, and admin on pods of its own; peek is a preview of web.
var (
	serviceNames    = []string{"admin", "api", "peek", "twin", "web"}
	deploymentNames = []string{"admin-1", "admin-2", "admin-3", "blue", "green", "one", "web-1", "web-2", "web-3"}
	versions        = []string{"1", "2", "3"}
)

// started is when a walk begins.
var started = time.Date(2026, 11, 28, 8, 0, 0, 300_000_000, time.UTC)

// world is all that a walk goes through.
type world struct {
	cluster
	process   process
	ledger    ledger
	decisions decisions
	dice      *rand.Rand

	// layout is which Deployments there are for a version.
	layout layout

	// webhookDown is while no pod of bluegreen answers the API server. refused is a Service that somebody's policy does not let move.
	webhookDown bool
	refused     string

	// checksDisabled is while the installation may not run Jobs.
	checksDisabled bool

	// manifests are what a GitOps tool applied last, by Service.
	manifests map[string]manifest

	// busy is while a user writes between two writes of bluegreen.
	busy bool

	// rested is when bluegreen was last at rest.
	rested moment

	// said is what was decided last, by name; writes counts those of bluegreen.
	said   map[string]bluegreen.Decision
	writes int

	// parsed are Services whose annotations were read, indexed and labelled the keys under which the cache finds objects.
	parsed   map[*corev1.Service]bluegreen.Service
	indexed  map[*corev1.Service][]string
	labelled map[*appsv1.Deployment][]string

	// fault is the first rule that did not hold, and how; reached counts what a walk came by; story is told if told is set.
	fault   *fault
	reached map[string]int
	told    bool
	story   []string
}

// fault is a rule that did not hold.
type fault struct{ rule, what string }

// fail notes that a rule does not hold. The first counts: others follow from it.
func (w *world) fail(rule, format string, args ...any) {
	if w.fault == nil {
		w.fault = &fault{rule: rule, what: fmt.Sprintf(format, args...)}
		w.tell("FAULT: %s: %s", rule, w.fault.what)
	}
}

// tell goes on with the story.
func (w *world) tell(format string, args ...any) {
	if w.told {
		w.story = append(w.story, fmt.Sprintf(format, args...))
	}
}

// count notes that a walk came by something.
func (w *world) count(what string) { w.reached[what]++ }

// newWorld returns one with nothing in it.
func newWorld(with decisions) *world {
	w := &world{
		decisions: with,
		manifests: map[string]manifest{},
		said:      map[string]bluegreen.Decision{},
		parsed:    map[*corev1.Service]bluegreen.Service{},
		indexed:   map[*corev1.Service][]string{},
		labelled:  map[*appsv1.Deployment][]string{},
		reached:   map[string]int{},
		ledger:    newLedger(),
	}
	w.cluster = cluster{objects: noObjects(), now: started, running: map[types.UID]*pods{}, orphans: map[string][]set{}, cronJobs: cronJobs()}
	return w
}

// moment is all that tells whether there may be something new to do.
type moment struct {
	revision int64
	now      time.Time
	restarts int
	refused  string
}

func (w *world) moment() moment {
	return moment{revision: w.revision, now: w.now, restarts: w.process.number, refused: w.refused}
}

// settle has bluegreen see and do all that there is to see and do.
func (w *world) settle() {
	if w.rested == w.moment() {
		return
	}
	for range 60 {
		w.seeServices(-1)
		w.seeDeployments(-1)
		w.seeJobs(-1)
		if !w.round() && len(w.process.services)+len(w.process.deployments)+len(w.process.jobs) == 0 {
			w.process.dies = -1
			w.judgeRest()
			w.rested = w.moment()
			return
		}
		if w.fault != nil {
			return
		}
	}
	if w.refused == "" { // Who is refused tries again.
		w.fail("bluegreen comes to rest", "it still writes after 60 rounds")
	}
}

// round has both controllers look at everything, and reports whether they wrote.
func (w *world) round() bool {
	wrote := false
	first := w.dice.IntN(len(serviceNames))
	for i := range serviceNames {
		wrote = w.switching(serviceNames[(first+i)%len(serviceNames)]) || wrote
	}
	for _, name := range deploymentNames {
		wrote = w.protection(name) || wrote
	}
	return wrote
}

// meanwhile lets a user write just now, sometimes.
func (w *world) meanwhile() {
	if w.busy || w.dice.IntN(30) > 0 {
		return
	}
	w.busy = true
	step := pickStep(w.dice, stepsAnytime)
	w.tell("  meanwhile: %s", step.name)
	step.happens(w)
	w.busy = false
}

// passes lets time pass, and bluegreen look whenever it wanted to.
func (w *world) passes(span time.Duration) {
	end := w.now.Add(span)
	for range 30 {
		next, found := w.nextLook()
		if !found || !next.Before(end) {
			break
		}
		w.now = next
		w.settle()
	}
	w.now = end
}

// nextLook returns when bluegreen wants to look again, if it does.
func (w *world) nextLook() (next time.Time, found bool) {
	for name, decision := range w.said {
		at := decision.LookAgain
		if at.IsZero() {
			continue
		}
		if _, is := w.deployments[name]; is {
			at = at.Add(-w.process.skew)
		}
		if at.After(w.now) && (!found || at.Before(next)) {
			next, found = at, true
		}
	}
	return next, found
}

// layout is which Deployments there are.
type layout string

const (
	byVersion layout = "a Deployment for each version"
	slots     layout = "two slots"
	single    layout = "one Deployment"
)

// webDeployment is the manifest of what carries a version for web.
func (w *world) webDeployment(version string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"name": "web", "version": version}
	switch w.layout {
	case slots:
		slot := w.slotFor(version)
		labels["slot"] = slot
		return newDeployment(slot, labels, map[string]string{"name": "web", "slot": slot}, replicas)
	case single:
		return newDeployment("one", labels, map[string]string{"name": "web"}, replicas)
	default:
		return newDeployment("web-"+version, labels, labels, replicas)
	}
}

// slotFor returns the slot that a version goes to: the one that has it, or the one that does not serve.
func (w *world) slotFor(version string) string {
	for _, name := range []string{"blue", "green"} {
		if slot := w.deployments[name]; slot != nil && slot.Spec.Template.Labels["version"] == version {
			return name
		}
	}
	if web, blue := w.services["web"], w.deployments["blue"]; blue == nil || web != nil && !w.podsOf(blue).runs(web.Spec.Selector) {
		return "blue"
	}
	return "green"
}

func adminDeployment(version string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"name": "admin", "version": version}
	return newDeployment("admin-"+version, labels, labels, replicas)
}
