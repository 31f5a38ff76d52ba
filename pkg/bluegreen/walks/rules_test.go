package walks

import (
	"maps"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// serviceRule returns what is wrong with a write of a Service, empty for nothing. Neither state is nil.
type serviceRule struct {
	says  string
	holds func(*world, serviceChange) string
}

// deploymentRule does the same with a write of a Deployment.
type deploymentRule struct {
	says  string
	holds func(*world, deploymentChange) string
}

// jobRule does the same with a Job that bluegreen starts or ends.
type jobRule struct {
	says  string
	holds func(*world, jobChange) string
}

// restRule returns what is wrong with a world in which bluegreen is at rest, empty for nothing.
type restRule struct {
	says  string
	holds func(*world) string
}

// rulesOfUsers are about what becomes of users' writes of Services.
var rulesOfUsers = []serviceRule{
	{says: "nobody but bluegreen moves traffic", holds: usersMoveNoTraffic},
	{says: "what was given up stays so until somebody asks anew", holds: givenUpStays},
	{says: "the phase of an ask is not that of the one before", holds: newAskNewPhase},
}

// rulesOfOurs are about bluegreen's writes of Services.
var rulesOfOurs = []serviceRule{
	{says: "bluegreen writes what is its own", holds: onlyOwnOfService},
	{says: "traffic goes where it was asked for, or back to what it left", holds: trafficGoesWhereItIsDue},
	{says: "traffic passes the gate", holds: trafficPassesTheGate},
	{says: "traffic waits for approval", holds: trafficWaitsForApproval},
	{says: "traffic waits for its check", holds: trafficWaitsForCheck},
	{says: "what was given up stays so until somebody asks anew", holds: givenUpStays},
	{says: "traffic returns from what broke, in the window, once", holds: returnsOnce},
	{says: "an ask fails after its deadline, unready, once", holds: failsOnce},
	{says: "who waits says why", holds: waitingSaysWhy},
}

// rulesOfDeployments are about bluegreen's writes of Deployments.
var rulesOfDeployments = []deploymentRule{
	{says: "bluegreen writes what is its own", holds: onlyOwnOfDeployment},
	{says: "what is in use is kept", holds: inUseIsKept},
	{says: "what was left drains", holds: leftDrains},
	{says: "replicas change as somebody said", holds: replicasAsSaid},
	{says: "a version retires in time, and once", holds: retiresOnce},
	{says: "a rollout that is held takes no pods out of a Service", holds: resumedTakesNothing},
}

// rulesOfJobs are about the Jobs that bluegreen starts and ends.
var rulesOfJobs = []jobRule{
	{says: "a check is started once", holds: checkedOnce},
	{says: "a check starts for what is asked for, and ready", holds: checksWhatIsReady},
	{says: "the pods of a check get no traffic", holds: podsOfChecksGetNothing},
	{says: "a check after a switch ends before the window does", holds: checksEndInTime},
	{says: "a check that is asked for goes on", holds: checksGoOn},
}

// rulesAtRest are about a world in which bluegreen has nothing to do.
var rulesAtRest = []restRule{
	{says: "what is ready has moved", holds: readyHasMoved},
	{says: "what is ready is checked, and given up if that fails", holds: readyIsChecked},
	{says: "what is live is checked, and left if that fails", holds: liveIsChecked},
	{says: "nothing is checked that nobody asks for", holds: nothingElseIsChecked},
	{says: "the phase tells where a Service stands", holds: phaseTells},
	{says: "who waits says why", holds: allWhoWaitSayWhy},
	{says: "what is led is where its leader is", holds: ledInStep},
	{says: "what serves is protected", holds: liveIsProtected},
	{says: "time alone brings no write that is not announced", holds: timeIsAnnounced},
	{says: "a restart changes nothing", holds: restartChangesNothing},
}

// judgeService applies the rules to a write of a Service, and remembers what they need.
func (w *world) judgeService(change serviceChange) {
	if w.fault == nil && change.before != nil && change.after != nil && change.before.UID == change.after.UID {
		rules := map[actor][]serviceRule{user: rulesOfUsers, ours: rulesOfOurs}[change.by]
		for _, rule := range rules {
			if what := rule.holds(w, change); what != "" {
				w.fail(rule.says, "%s\nbefore: %s\n after: %s", what, summary(change.before), summary(change.after))
			}
		}
	}
	w.ledger.learnService(w, change)
}

// judgeDeployment does the same with a write of a Deployment.
func (w *world) judgeDeployment(change deploymentChange) {
	if w.fault == nil && change.by == ours {
		if change.after == nil {
			ended := change.before.DeepCopy() // Its finalizer was the last.
			ended.Finalizers = nil
			change.after = ended
		}
		for _, rule := range rulesOfDeployments {
			if what := rule.holds(w, change); what != "" {
				w.fail(rule.says, "%s\nbefore: %s\n after: %s", what, summary(change.before), summary(change.after))
			}
		}
	}
	w.ledger.learnDeployment(w, change)
}

// judgeJob does the same with a change of a Job.
func (w *world) judgeJob(change jobChange) {
	if w.fault == nil && change.by == ours {
		for _, rule := range rulesOfJobs {
			if what := rule.holds(w, change); what != "" {
				w.fail(rule.says, "%s", what)
			}
		}
	}
	w.ledger.learnJob(w, change)
	w.recognizeJob(change)
}

// judgeRest applies the rules of a world at rest.
func (w *world) judgeRest() {
	for _, rule := range rulesAtRest {
		if w.fault != nil {
			return
		}
		if what := rule.holds(w); what != "" {
			w.fail(rule.says, "%s", what)
		}
	}
}

const (
	answersPass = "what the webhook answers passes the policy"
	sameAgain   = "a re-apply of an unchanged manifest is no write"
	idempotent  = "to admit what was admitted changes nothing"
	wordsStay   = "no annotation and no replica count of a user is lost"
)

// judgeAnswer judges how the webhook answers a write of a Service that exists, and the policy after it.
func (w *world) judgeAnswer(before, wanted, admitted *corev1.Service, refusal string) {
	if refusal != "" {
		return
	}
	own, asWritten := users(admitted.Annotations, ownKeys), users(wanted.Annotations, ownKeys)
	if !reflect.DeepEqual(own, asWritten) {
		w.fail(wordsStay, "of %s became %s", summary(wanted), summary(admitted))
	}
	unchanged := managed(before) && !w.webhookDown && reflect.DeepEqual(users(before.Annotations, ownKeys), asWritten)
	if unchanged && w.sound(before) && !reflect.DeepEqual(before, admitted) {
		w.fail(sameAgain, "%s became %s", summary(before), summary(admitted))
	}
	again, refusal := w.admitService(before, admitted.DeepCopy())
	if refusal != "" || !reflect.DeepEqual(admitted, again) {
		w.fail(idempotent, "%s became %s %s", summary(admitted), summary(again), refusal)
	}
}

// judgeHeld judges how the webhook answers a write of a Deployment: a replica count is stored, or noted.
func (w *world) judgeHeld(before, wanted, admitted *appsv1.Deployment, refusal string) {
	if refusal != "" {
		return
	}
	down, resume := admitted.Annotations[downKey], admitted.Annotations[resumeKey]
	said, stored := *wanted.Spec.Replicas, *admitted.Spec.Replicas
	held := stored == *before.Spec.Replicas && (down != "" && said == 0 || resume != "" && noteEnds(resume, said))
	if said != stored && !held {
		w.fail(wordsStay, "%s became %s", summary(wanted), summary(admitted))
	}
	if said != stored && down != "" {
		w.count("a scale-down was held")
	}
	if resume != "" && before.Annotations[resumeKey] == "" {
		w.count("a rollout was held")
	}
	if resume != "" && resume == before.Annotations[resumeKey] && !maps.Equal(before.Spec.Template.Labels, admitted.Spec.Template.Labels) {
		return // A reinvocation cannot tell that these replicas were kept, and not asked for.
	}
	again, refusal := w.admitDeployment(before, admitted.DeepCopy())
	if refusal != "" || !reflect.DeepEqual(admitted, again) {
		w.fail(idempotent, "%s became %s %s", summary(admitted), summary(again), refusal)
	}
}
