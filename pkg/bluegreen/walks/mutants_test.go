package walks

import (
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
)

// mutant is a decision that is wrong on purpose, and the rule that finds it out.
type mutant struct {
	rule   string
	breaks func(*decisions)
}

// mutants are by what is wrong with them.
var mutants = map[string]mutant{
	"believes that every Deployment is ready": {
		rule:   "traffic passes the gate",
		breaks: seeing(everyTargetReady),
	},
	"decides by its cache alone": {
		rule:   "traffic passes the gate",
		breaks: func(d *decisions) { d.blind = true },
	},
	"forgets the followers": {
		rule:   "traffic passes the gate",
		breaks: seeing(noFollowers),
	},
	"needs nobody's approval": {
		rule:   "traffic waits for approval",
		breaks: seeing(approvedAnyway),
	},
	"forgets what was given up": {
		rule:   "what was given up stays so until somebody asks anew",
		breaks: seeing(noAttempt),
	},
	"has no patience with an ask": {
		rule:   "an ask fails after its deadline, unready, once",
		breaks: seeing(deadlineOver),
	},
	"has no patience with what breaks": {
		rule:   "traffic returns from what broke, in the window, once",
		breaks: seeing(tenSecondsLater),
	},
	"moves nothing": {
		rule:   "what is ready has moved",
		breaks: deciding(movesNothing),
	},
	"leaves what is led behind": {
		rule:   "what is led is where its leader is",
		breaks: deciding(leavesLed),
	},
	"protects nothing": {
		rule:   "what serves is protected",
		breaks: deciding(protectsNothing),
	},
	"gives no reason": {
		rule:   "who waits says why",
		breaks: deciding(writing(bluegreen.MessageKey, "")),
	},
	"reports nothing": {
		rule:   "the phase tells where a Service stands",
		breaks: deciding(reportsNothing),
	},
	"takes a user's annotation away": {
		rule:   "bluegreen writes what is its own",
		breaks: deciding(writing("owner", "")),
	},
	"never looks again": {
		rule:   "time alone brings no write that is not announced",
		breaks: deciding(neverLooks),
	},
	"says something else each time": {
		rule:   "bluegreen comes to rest",
		breaks: flapping,
	},
	"moves traffic where nobody wants it": {
		rule:   "bluegreen's writes pass webhook and policy",
		breaks: deciding(movesElsewhere),
	},
	"lets go of what is in use": {
		rule:   "what is in use is kept",
		breaks: keeping(noServices),
	},
	"does not drain": {
		rule:   "what was left drains",
		breaks: keeping(drainedAlready),
	},
	"retires too early": {
		rule:   "a version retires in time, and once",
		breaks: keeping(retiresNow),
	},
	"scales down what somebody scaled up": {
		rule:   "replicas change as somebody said",
		breaks: doing(scalesUnbound),
	},
	"rolls out what is held": {
		rule:   "a rollout that is held takes no pods out of a Service",
		breaks: doing(resumesAtOnce),
	},
	"never lets go": {
		rule:   "in the end nothing is left to be done",
		breaks: doing(neverUnprotects),
	},
	"has a webhook that forgets": {
		rule:   sameAgain,
		breaks: answering(forgetsMessage),
	},
	"has a webhook that takes annotations": {
		rule:   wordsStay,
		breaks: answering(takesOwner),
	},
	"has a webhook that keeps the phase": {
		rule:   "the phase of an ask is not that of the one before",
		breaks: answering(phaseStays),
	},
	"has a webhook that holds, and notes nothing": {
		rule:   wordsStay,
		breaks: func(d *decisions) { d.admitDeployment = holdsWithoutNote },
	},
}

// allMutants are those, and those about checks.
func allMutants() map[string]mutant {
	all := maps.Clone(mutants)
	maps.Copy(all, mutantsOfChecks)
	return all
}

// TestTheRulesFindMutants goes walks until a rule finds out what is wrong.
func TestTheRulesFindMutants(t *testing.T) {
	const most = 800
	for name, mutant := range allMutants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with, found := production(), newTally()
			mutant.breaks(&with)
			for seed := uint64(1); seed <= most; seed++ {
				found.add(seed, walk{seed: seed, steps: *stepsFlag, decisions: with}.goes())
				if _, out := found.faults[mutant.rule]; out {
					t.Logf("found by walk %d: %s", seed, mutant.rule)
					return
				}
			}
			t.Errorf("%d walks did not find that a rule is broken: %s\nthey found %v", most, mutant.rule, found.faults)
		})
	}
}

// TestEveryRuleFindsAMutant, so none of them is always true. Left out are what the policy keeps as well, and what only a process
// with a memory of its own could break.
func TestEveryRuleFindsAMutant(t *testing.T) {
	finds := map[string]bool{"nobody but bluegreen moves traffic": true, "traffic goes where it was asked for, or back to what it left": true,
		"a restart changes nothing": true}
	for _, mutant := range allMutants() {
		finds[mutant.rule] = true
	}
	var all []string
	for _, rule := range slices.Concat(rulesOfUsers, rulesOfOurs) {
		all = append(all, rule.says)
	}
	for _, rule := range rulesOfDeployments {
		all = append(all, rule.says)
	}
	for _, rule := range rulesOfJobs {
		all = append(all, rule.says)
	}
	for _, rule := range rulesAtRest {
		all = append(all, rule.says)
	}
	for _, says := range all {
		if !finds[says] {
			t.Errorf("no mutant breaks the rule: %s", says)
		}
	}
}

// seeing changes what the ladder sees.
func seeing(change func(*ladder.State)) func(*decisions) {
	return func(d *decisions) {
		d.service = func(state ladder.State) bluegreen.Decision {
			change(&state)
			return ladder.Decide(state)
		}
	}
}

// deciding changes what the ladder decides.
func deciding(change func(*bluegreen.Decision)) func(*decisions) {
	return func(d *decisions) {
		d.service = func(state ladder.State) bluegreen.Decision {
			decision := ladder.Decide(state)
			change(&decision)
			return decision
		}
	}
}

// keeping changes what is seen of a Deployment.
func keeping(change func(*inuse.State)) func(*decisions) {
	return func(d *decisions) {
		d.deployment = func(state inuse.State) bluegreen.Decision {
			change(&state)
			return inuse.Decide(state)
		}
		d.confirm = func(before, now inuse.State) bluegreen.Decision {
			change(&before)
			change(&now)
			return inuse.Confirm(before, now)
		}
	}
}

// doing changes what is decided about a Deployment.
func doing(change func(inuse.State, *bluegreen.Decision)) func(*decisions) {
	return func(d *decisions) {
		d.deployment = func(state inuse.State) bluegreen.Decision {
			decision := inuse.Decide(state)
			change(state, &decision)
			return decision
		}
		d.confirm = func(before, now inuse.State) bluegreen.Decision {
			decision := inuse.Confirm(before, now)
			change(now, &decision)
			return decision
		}
	}
}

// answering changes what the webhook answers to a user.
func answering(change func(admission.ServiceWrite, *corev1.Service)) func(*decisions) {
	return func(d *decisions) {
		d.admitService = func(write admission.ServiceWrite) admission.ServiceAnswer {
			answer := admission.AdmitService(write)
			if !write.ByController && write.Old.Managed && write.New.Managed {
				answer.Service = answer.Service.DeepCopy()
				change(write, answer.Service)
			}
			return answer
		}
	}
}
