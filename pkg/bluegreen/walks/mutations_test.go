package walks

import (
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
)

// What is wrong with mutants.

// everyTargetReady has all that is asked for carry traffic.
func everyTargetReady(state *ladder.State) {
	for i, target := range state.Target {
		ready := target.DeepCopy()
		available := appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue}
		available.Reason = "MinimumReplicasAvailable"
		ready.Status = appsv1.DeploymentStatus{
			ObservedGeneration: ready.Generation, Replicas: 3, UpdatedReplicas: 3, AvailableReplicas: 3,
			Conditions: []appsv1.DeploymentCondition{available},
		}
		state.Target[i] = ready
	}
}

func noFollowers(state *ladder.State) { state.Followers = nil }

func approvedAnyway(state *ladder.State) { state.Service.Promotion = bluegreen.Auto }

func noAttempt(state *ladder.State) {
	if _, recorded := state.Service.Annotations[attemptKey]; recorded {
		forgetful := state.Service.DeepCopy()
		delete(forgetful.Annotations, attemptKey)
		state.Service.Service = forgetful
	}
}

func deadlineOver(state *ladder.State) {
	if state.Service.Deadline != nil {
		state.Service.Deadline = new(time.Nanosecond)
	}
}

func tenSecondsLater(state *ladder.State) {
	if _, _, watched := state.Service.Window(); watched {
		state.Now = state.Now.Add(10 * time.Second)
	}
}

func movesNothing(decision *bluegreen.Decision) {
	if decision.MovesTraffic() {
		*decision = bluegreen.Decision{}
	}
}

func leavesLed(decision *bluegreen.Decision) {
	decision.Writes = slices.DeleteFunc(decision.Writes, func(write bluegreen.Write) bool {
		change, is := write.Change.(bluegreen.WriteService)
		return is && bluegreen.LeaderOf(change.Observed) != ""
	})
}

// reportsNothing writes a Service only to move its traffic.
func reportsNothing(decision *bluegreen.Decision) {
	decision.Writes = slices.DeleteFunc(decision.Writes, func(write bluegreen.Write) bool {
		change, is := write.Change.(bluegreen.WriteService)
		return is && !change.MovesTraffic()
	})
}

func protectsNothing(decision *bluegreen.Decision) {
	decision.Writes = slices.DeleteFunc(decision.Writes, func(write bluegreen.Write) bool {
		_, is := write.Change.(bluegreen.Protect)
		return is
	})
}

// writing has every write of a Service set an annotation, or remove it.
func writing(key, value string) func(*bluegreen.Decision) {
	return func(decision *bluegreen.Decision) {
		for i, write := range decision.Writes {
			if change, is := write.Change.(bluegreen.WriteService); is {
				change.Desired = change.Desired.DeepCopy()
				change.Desired.Annotations[key] = value
				if value == "" {
					delete(change.Desired.Annotations, key)
				}
				decision.Writes[i].Change = change
			}
		}
	}
}

func neverLooks(decision *bluegreen.Decision) { decision.LookAgain = time.Time{} }

// flapping has two messages in turn.
func flapping(d *decisions) {
	d.service = func(state ladder.State) bluegreen.Decision {
		decision := ladder.Decide(state)
		if state.Service.Pending() && len(decision.Writes) == 0 {
			own := bluegreen.OwnAnnotations(state.Service.Service)
			own[messageKey] = map[bool]string{true: "tock", false: "tick"}[own[messageKey] == "tick"]
			change := bluegreen.WriteService{Observed: state.Service.Service, Desired: state.Service.WithOwn(own)}
			decision.Writes = []bluegreen.Write{{Change: change}}
		}
		return decision
	}
}

func movesElsewhere(decision *bluegreen.Decision) {
	for i, write := range decision.Writes {
		if change, is := write.Change.(bluegreen.WriteService); is && change.MovesTraffic() {
			change.Desired = change.Desired.DeepCopy()
			change.Desired.Spec.Selector["version"] = "elsewhere"
			decision.Writes[i].Change = change
		}
	}
}

func noServices(state *inuse.State) { state.Services = nil }

func drainedAlready(state *inuse.State) { state.Drained = time.Time{} }

// retiresNow has no Service let what it left stay.
func retiresNow(state *inuse.State) {
	state.Services = slices.Clone(state.Services)
	for i := range state.Services {
		if state.Services[i].RetireAfter != nil {
			state.Services[i].RetireAfter = new(time.Duration)
		}
	}
}

// scalesUnbound scales down without binding that to the Deployment as it is.
func scalesUnbound(state inuse.State, decision *bluegreen.Decision) {
	for i, write := range decision.Writes {
		if change, is := write.Change.(bluegreen.Note); is && strings.Count(change.Notes[downKey], "/") == 3 {
			decision.Writes[i].Change = bluegreen.Scale{Deployment: state.Deployment}
		}
	}
}

func resumesAtOnce(state inuse.State, decision *bluegreen.Decision) {
	if bluegreen.RolloutHeld(state.Deployment) {
		*decision = bluegreen.Decision{Writes: []bluegreen.Write{{Change: bluegreen.Resume{Deployment: state.Deployment}}}}
	}
}

func neverUnprotects(_ inuse.State, decision *bluegreen.Decision) {
	decision.Writes = slices.DeleteFunc(decision.Writes, func(write bluegreen.Write) bool {
		_, is := write.Change.(bluegreen.Unprotect)
		return is
	})
}

func forgetsMessage(write admission.ServiceWrite, stored *corev1.Service) {
	if write.Old.SameAsk(write.New) {
		delete(stored.Annotations, messageKey)
	}
}

func takesOwner(_ admission.ServiceWrite, stored *corev1.Service) {
	delete(stored.Annotations, "owner")
}

func phaseStays(write admission.ServiceWrite, stored *corev1.Service) {
	maps.Copy(stored.Annotations, map[string]string{phaseKey: write.Old.Annotations[phaseKey]})
}

func holdsWithoutNote(write admission.DeploymentWrite) admission.DeploymentAnswer {
	answer := admission.AdmitDeployment(write)
	delete(answer.Deployment.Annotations, downKey)
	return answer
}
