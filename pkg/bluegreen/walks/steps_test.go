package walks

import (
	"math/rand/v2"
	"time"
)

// step is something that happens, as often as its weight says.
type step struct {
	weight  int
	name    string
	happens func(*world)
}

// stepsAnytime are what users and Kubernetes do, also between two writes of bluegreen.
var stepsAnytime = []step{
	{weight: 10, name: "somebody asks for a version", happens: asksForVersion},
	{weight: 14, name: "somebody releases a version that is ready", happens: releases},
	{weight: 4, name: "somebody undoes the last switch", happens: undoes},
	{weight: 3, name: "somebody withdraws an ask", happens: withdraws},
	{weight: 5, name: "somebody asks for the same again", happens: retries},
	{weight: 10, name: "somebody approves", happens: approves},
	{weight: 6, name: "somebody changes an option", happens: changesOption},
	{weight: 8, name: "what was given up is mended, and asked for anew", happens: asksAnew},
	{weight: 2, name: "somebody gives a Service back, or adopts it", happens: givesBackOrAdopts},
	{weight: 3, name: "somebody writes nonsense", happens: writesNonsense},
	{weight: 4, name: "somebody mends the annotations", happens: mends},
	{weight: 2, name: "somebody removes bluegreen's annotations", happens: removesOwn},
	{weight: 2, name: "somebody forges a record, past webhook and policy", happens: forges},
	{weight: 3, name: "somebody edits a selector", happens: editsSelector},
	{weight: 3, name: "somebody edits what is nobody's business", happens: editsElse},
	{weight: 5, name: "a tool applies the same manifest again", happens: appliesAgain},
	{weight: 5, name: "a chart is upgraded", happens: upgrades},
	{weight: 1, name: "a Service is deleted, and created again", happens: recreatesService},
	{weight: 2, name: "a Service joins or leaves a leader", happens: joinsOrLeaves},

	{weight: 10, name: "Jobs end", happens: jobsEnd},
	{weight: 2, name: "somebody deletes a Job", happens: deletesJob},
	{weight: 2, name: "somebody takes the name of a check", happens: takesName},
	{weight: 2, name: "a CronJob is deleted, changed or created", happens: changesCronJob},

	{weight: 6, name: "somebody applies a Deployment", happens: appliesDeployment},
	{weight: 8, name: "what is asked for gets ready", happens: targetGetsReady},
	{weight: 12, name: "the Deployment controller works", happens: anyRolls},
	{weight: 4, name: "what is live breaks", happens: liveBreaks},
	{weight: 3, name: "a Deployment breaks", happens: func(w *world) { w.breaks(w.someDeployment(), true) }},
	{weight: 5, name: "a Deployment recovers", happens: func(w *world) { w.breaks(w.someDeployment(), false) }},
	{weight: 5, name: "a chart scales a Deployment", happens: scalesByChart},
	{weight: 4, name: "somebody scales a Deployment", happens: scalesByHand},
	{weight: 4, name: "a Deployment is deleted", happens: func(w *world) { w.deleteDeployment(w.someDeployment()) }},
	{weight: 1, name: "a Deployment is deleted, and its pods are left", happens: func(w *world) { w.orphan(w.someDeployment()) }},
	{weight: 3, name: "a slot is relabelled", happens: relabels},
	{weight: 2, name: "a Deployment gets another image", happens: changesImage},
	{weight: 1, name: "a rollout is paused or resumed", happens: pausesOrResumes},
	{weight: 1, name: "a Deployment is replaced", happens: replacesDeployment},
}

// stepsOfBluegreen are what becomes of bluegreen's processes, and time.
var stepsOfBluegreen = []step{
	{weight: 16, name: "time passes", happens: func(w *world) { w.passes(someSpan(w.dice)) }},
	{weight: 12, name: "what is live breaks, and stays so", happens: staysBroken},
	{weight: 6, name: "what is live breaks, and another version is asked for", happens: breaksWhileAsked},
	{weight: 6, name: "somebody approves after a long time", happens: approvesLate},
	{weight: 4, name: "time passes, and bluegreen is away", happens: func(w *world) { w.now = w.now.Add(someSpan(w.dice)) }},
	{weight: 6, name: "bluegreen looks at a Service", happens: func(w *world) { w.switching(pick(w.dice, serviceNames)) }},
	{weight: 4, name: "bluegreen looks at a Deployment", happens: func(w *world) { w.protection(w.someDeployment()) }},
	{weight: 6, name: "bluegreen sees some changes of Services", happens: func(w *world) { w.seeServices(1 + w.dice.IntN(3)) }},
	{weight: 6, name: "bluegreen sees some changes of Deployments", happens: func(w *world) { w.seeDeployments(1 + w.dice.IntN(3)) }},
	{weight: 8, name: "bluegreen hears of Services first", happens: hearsOfServicesFirst},
	{weight: 8, name: "what bluegreen believes to be ready breaks", happens: breaksUnseen},
	{weight: 8, name: "bluegreen hears of Deployments first", happens: hearsOfDeploymentsFirst},
	{weight: 6, name: "bluegreen sees some changes of Jobs", happens: func(w *world) { w.seeJobs(1 + w.dice.IntN(3)) }},
	{weight: 8, name: "checks run", happens: checksRun},
	{weight: 8, name: "a version is released that is checked", happens: releasesChecked},
	{weight: 8, name: "a check fails after a switch", happens: failsAfterwards},
	{weight: 4, name: "a check fails, and its version is asked for again", happens: failsAndRetries},
	{weight: 3, name: "somebody is first to take the name of a check", happens: takesNameFirst},
	{weight: 3, name: "a check takes long", happens: checksLong},
	{weight: 4, name: "bluegreen ends right after it has started a check", happens: endsAfterStart},
	{weight: 4, name: "Jobs are deleted before they end", happens: losesJobs},
	{weight: 2, name: "checks are disabled in the installation, or enabled", happens: disablesChecks},
	{weight: 4, name: "bluegreen restarts", happens: (*world).restart},
	{weight: 5, name: "bluegreen is about to end", happens: func(w *world) { w.process.dies = w.dice.IntN(3) }},
	{weight: 2, name: "no pod of bluegreen answers any more, or one does", happens: func(w *world) { w.webhookDown = !w.webhookDown }},
	{weight: 3, name: "a policy of somebody refuses a follower, or does no more", happens: refusesOrNot},
}

func staysBroken(w *world) {
	liveBreaks(w)
	w.settle()
	w.passes(11 * time.Second)
}

// breaksWhileAsked has what is live break while a version is asked for that is not ready.
func breaksWhileAsked(w *world) {
	version := pick(w.dice, versions)
	w.breaks(w.webDeployment(version, 1).Name, w.layout == byVersion)
	w.annotate("web", targetKey, version)
	staysBroken(w)
}

func approvesLate(w *world) {
	targetGetsReady(w)
	w.settle()
	w.passes(6 * time.Minute)
	if web := w.services["web"]; web != nil {
		w.annotate("web", approvedKey, web.Annotations[targetKey])
	}
}

// hearsOfServicesFirst has bluegreen look at Services while its Deployments are old.
func hearsOfServicesFirst(w *world) {
	w.seeServices(-1)
	for _, name := range serviceNames {
		w.switching(name)
	}
}

// breaksUnseen releases a version that breaks before bluegreen hears of that.
func breaksUnseen(w *world) {
	version := pick(w.dice, versions)
	w.deploy(version)
	w.seeDeployments(-1)
	for _, deployment := range inOrder(w.deployments) {
		if deployment.Spec.Template.Labels["version"] == version {
			w.breaks(deployment.Name, true)
		}
	}
	w.annotate("web", targetKey, version)
	hearsOfServicesFirst(w)
}

// hearsOfDeploymentsFirst has it look at Deployments while its Services are old.
func hearsOfDeploymentsFirst(w *world) {
	w.seeDeployments(-1)
	for _, name := range deploymentNames {
		w.protection(name)
	}
}

func refusesOrNot(w *world) {
	if w.refused == "" {
		w.refused = pick(w.dice, []string{"admin", "twin"})
	} else {
		w.refused = ""
	}
}

// spans are how much time passes: around drains, deadlines and windows.
var spans = []time.Duration{
	700 * time.Millisecond, time.Second, 4 * time.Second, 5 * time.Second, 9 * time.Second, 10 * time.Second, 11 * time.Second,
	31 * time.Second, time.Minute, 2 * time.Minute, 10 * time.Minute, time.Hour,
}

func someSpan(dice *rand.Rand) time.Duration { return pick(dice, spans) }

// pick returns one of several things.
func pick[T any](dice *rand.Rand, all []T) T { return all[dice.IntN(len(all))] }

// pickStep returns one of several steps, by weight.
func pickStep(dice *rand.Rand, all []step) step {
	sum := 0
	for _, one := range all {
		sum += one.weight
	}
	at := dice.IntN(sum)
	for _, one := range all {
		if at -= one.weight; at < 0 {
			return one
		}
	}
	panic("unreachable")
}
