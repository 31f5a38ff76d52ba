package bluegreen

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Reason says in one word why an Action is what it is. Events carry it.
type Reason string

const (
	// ReasonReleased: the Service is not managed; what bluegreen wrote on it goes.
	ReasonReleased Reason = "Released"
	// ReasonStable: the selector is on the target.
	ReasonStable Reason = "Stable"
	// ReasonSwitched: everything is ready, and traffic moves.
	ReasonSwitched Reason = "Switched"
	// ReasonLiveDeleting: the selector is on the target, a Deployment of which is under deletion and kept.
	ReasonLiveDeleting Reason = "LiveDeploymentDeleting"
	// ReasonLiveScaledToZero: the selector is on the target, which has no replicas.
	ReasonLiveScaledToZero Reason = "LiveScaledToZero"
	// ReasonLiveRelabelled: the selector is on the target, and new pod labels of what serves are held.
	ReasonLiveRelabelled Reason = "LiveRelabelled"
	// ReasonInvalid: the annotations, or the Service they are on, say nothing that can be carried out.
	ReasonInvalid Reason = "Invalid"
	// ReasonDeploymentNotFound: no Deployment carries the target version.
	ReasonDeploymentNotFound Reason = "DeploymentNotFound"
	// ReasonDeploymentDeleting: a Deployment of the target version is being deleted.
	ReasonDeploymentDeleting Reason = "DeploymentDeleting"
	// ReasonScaledToZero: a Deployment of the target version has no replicas.
	ReasonScaledToZero Reason = "ScaledToZero"
	// ReasonNotAvailable: a Deployment of the target version does not report MinimumReplicasAvailable yet.
	ReasonNotAvailable Reason = "NotAvailable"
	// ReasonPortNotFound: the pods of the target version lack a port that the Service names.
	ReasonPortNotFound Reason = "PortNotFound"
	// ReasonPaused: a Deployment of the target version is paused, and the Service asks for Complete.
	ReasonPaused Reason = "Paused"
	// ReasonNotComplete: a Deployment of the target version is still rolling out, and the Service asks for Complete.
	ReasonNotComplete Reason = "NotComplete"
	// ReasonFewerThanLive: the target version has fewer available replicas than the live one, and the Service asks for
	// MatchLive.
	ReasonFewerThanLive Reason = "FewerThanLive"
)

// Action is what to make of a State. Doing nothing has a reason too.
type Action struct {
	Reason Reason

	// Message is the sentence people read, in MessageKey and Events.
	Message string

	// Warning says that people should look at it even if they are not waiting for it.
	Warning bool

	// Protect are the Deployments that get finalizer and note; before the Service is written where traffic moves.
	Protect []Protecting

	// Service is the Service as it should be; it equals the observed one when there is nothing to write. Its selector
	// differs only when Reason is ReasonSwitched.
	Service *corev1.Service
}

// Changes says whether the Service is to be written.
func (a Action) Changes(observed *corev1.Service) bool {
	return !maps.Equal(a.Service.Annotations, observed.Annotations) || !maps.Equal(a.Service.Spec.Selector, observed.Spec.Selector)
}

// Decide maps what is observed to what to do. Traffic moves in one case only: a valid ask, and every check of the gate
// passed.
func Decide(state State) Action {
	policy, errs := Parse(state.Service.Annotations)
	if !policy.Managed {
		return act(state.Service, ReasonReleased, "", nil)
	}
	if errs = append(errs, switchable(state.Service)...); len(errs) > 0 {
		return wait(policy, state, verdict{ReasonInvalid, errs.ToAggregate().Error()})
	}
	if !policy.pending(state.Service) {
		return stay(policy, state)
	}
	if held := gate(policy, state); held != nil {
		return wait(policy, state, *held)
	}
	return move(policy, state)
}

// Concerns says whether bluegreen has anything to do with a Service: it is managed, or was and still carries what
// bluegreen wrote.
func Concerns(service *corev1.Service) bool {
	policy, _ := Parse(service.Annotations)
	return policy.Managed || len(own(service)) > 0
}

// maxMessage is what fits into the note of an Event (1,024 characters), in bytes.
const maxMessage = 1000

// Clip shortens a message to what fits into an Event; the API server refuses a longer one.
func Clip(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + "..."
}

// wait holds traffic where it is, and says why. What is wrong with what serves meanwhile matters as well.
func wait(policy Policy, state State, why verdict) Action {
	message, trouble := why.message, liveTrouble(state)
	if trouble != nil {
		message += "; " + trouble.message
	}
	message = Clip(message)
	action := act(state.Service, why.reason, message, status(Waiting, message))
	action.Warning = why.reason == ReasonInvalid || trouble != nil
	// What is about to serve gets it while it waits anyway, so that the switch itself need not.
	action.Protect = append(unprotected(policy, state.Service.Spec.Selector, state.Live, noteFor), awaiting(policy, without(state.Target, state.Live))...)
	return action
}

// stay leaves traffic on the target.
func stay(policy Policy, state State) Action {
	why, trouble := verdict{reason: ReasonStable}, cmp.Or(liveTrouble(state), leftByTemplate(policy, state))
	if trouble != nil {
		why = *trouble
	}
	message := Clip(why.message)
	action := act(state.Service, why.reason, message, status(Stable, message))
	action.Warning = trouble != nil
	action.Protect = unprotected(policy, state.Service.Spec.Selector, state.Live, noteFor)
	return action
}

// move moves traffic to the target.
func move(policy Policy, state State) Action {
	action := act(state.Service, ReasonSwitched,
		fmt.Sprintf("Traffic moved from %s to version %s", describeLive(policy, state.Service), policy.Target), status(Stable, ""))
	action.Service.Spec.Selector = policy.candidate(state.Service)
	action.Protect = unprotected(policy, policy.candidate(state.Service), state.Target, noteOn)
	return action
}

func act(service *corev1.Service, reason Reason, message string, values map[string]string) Action {
	desired := service.DeepCopy()
	desired.Annotations = withOwn(desired.Annotations, values)
	return Action{Reason: reason, Message: message, Service: desired}
}
