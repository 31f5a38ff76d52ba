package walks

import (
	"math/rand/v2"
	"slices"
)

// walk is one through a world: which steps, and by which decisions. The seed says what they are.
type walk struct {
	seed      uint64
	steps     int
	without   map[int]bool
	decisions decisions
	told      bool
}

// goes the walk, up to the first fault.
func (k walk) goes() *world {
	w := newWorld(k.decisions)
	w.told = k.told
	w.dice = rand.New(rand.NewPCG(k.seed, 0))
	w.begin()
	for number := 1; number <= k.steps && w.fault == nil; number++ {
		w.dice = rand.New(rand.NewPCG(k.seed, uint64(number))) // So that no step depends on what another has drawn.
		if !k.without[number] {
			w.goStep(number)
		}
	}
	if w.fault == nil && !k.without[k.steps+1] {
		w.dice = rand.New(rand.NewPCG(k.seed, uint64(k.steps+1)))
		w.end()
	}
	return w
}

// themes are options that most walks begin with, so that they meet.
var themes = [][]string{
	{promotionKey, deadlineKey},
	{promotionKey, rollbackKey},
	{rollbackKey, deadlineKey},
	{rollbackKey, retireKey},
	{retireKey, drainKey},
	{readyKey},
	{beforeKey, promotionKey},
	{beforeKey, deadlineKey},
	{afterKey, rollbackKey},
	{beforeKey, afterKey, rollbackKey},
}

// begin makes the world of a walk: a Service with some options, others beside it, and version 1, which serves.
func (w *world) begin() {
	w.restart()
	w.layout = pick(w.dice, []layout{byVersion, byVersion, byVersion, slots, slots, single})
	annotations := map[string]string{"owner": "me", targetKey: "1"}
	theme := pick(w.dice, themes)
	for _, key := range optionKeys {
		wanted := slices.Contains(theme, key) || w.dice.IntN(5) == 0
		if value := pick(w.dice, options[key]); wanted && value != "" && key != labelKey {
			annotations[key] = value
		}
	}
	if annotations[protectKey] != "" && w.dice.IntN(3) > 0 || annotations[retireKey] != "" {
		delete(annotations, protectKey)
	}
	if annotations[rollbackKey] == "" {
		delete(annotations, afterKey)
	}
	w.manifests["web"] = manifest{annotations: annotations, selector: map[string]string{"name": "web", "version": "1"}}
	w.createService(newService("web", annotations, w.manifests["web"].selector))
	for _, name := range ledNames {
		if w.dice.IntN(3) == 0 {
			w.createService(newService(name, map[string]string{roles[name]: "web"}, map[string]string{"name": podsNamed(name)}))
		}
	}
	if w.dice.IntN(4) == 0 {
		w.createService(newService("api", map[string]string{targetKey: "1"}, map[string]string{"name": "web"}))
	}
	w.deploy("1")
	w.settle()
}

// goStep has something happen, and mostly has bluegreen do then what there is to do.
func (w *world) goStep(number int) {
	steps := stepsAnytime
	if w.dice.IntN(3) == 0 {
		steps = stepsOfBluegreen
	}
	next := pickStep(w.dice, steps)
	w.tell("%d. %s, at %s", number, next.name, w.now.Format("15:04:05.0"))
	next.happens(w)
	if w.fault == nil && w.dice.IntN(10) < 6 {
		w.settle()
	}
}

// end lets every timer run out, and expects that nothing is left to be done.
func (w *world) end() {
	w.tell("the end")
	w.webhookDown, w.refused, w.process.dies = false, "", -1
	w.busy = true // Nobody writes any more.
	w.mendsJobs()
	w.runsToItsEnd()
	for range 30 {
		next, found := w.nextLook()
		if !found || w.fault != nil {
			break
		}
		w.now = next
		w.settle()
		w.runsToItsEnd()
	}
	if what := nothingIsLeft(w); what != "" && w.fault == nil {
		w.fail("in the end nothing is left to be done", "%s", what)
	}
}

// runsToItsEnd has rollouts and checks end, and bluegreen see it.
func (w *world) runsToItsEnd() {
	for _, deployment := range inOrder(w.deployments) {
		w.roll(deployment.Name, true)
	}
	w.settle()
	jobsEnd(w)
	w.settle()
}
