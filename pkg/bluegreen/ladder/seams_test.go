package ladder

import (
	"cmp"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
)

// The tests about decisions call the code under test by what is in this file alone.

// Reason is why a decision is as it is.
type Reason = bluegreen.Reason

const (
	ReasonNotManaged         = bluegreen.ReasonNotManaged
	ReasonStable             = bluegreen.ReasonStable
	ReasonSwitched           = bluegreen.ReasonSwitched
	ReasonLiveDeleting       = bluegreen.ReasonLiveDeleting
	ReasonLiveScaledToZero   = bluegreen.ReasonLiveScaledToZero
	ReasonLiveRelabelled     = bluegreen.ReasonLiveRelabelled
	ReasonInvalid            = bluegreen.ReasonInvalid
	ReasonDeploymentNotFound = bluegreen.ReasonDeploymentNotFound
	ReasonDeploymentDeleting = bluegreen.ReasonDeploymentDeleting
	ReasonScaledToZero       = bluegreen.ReasonScaledToZero
	ReasonNotAvailable       = bluegreen.ReasonNotAvailable
	ReasonPortNotFound       = bluegreen.ReasonPortNotFound
	ReasonPaused             = bluegreen.ReasonPaused
	ReasonNotComplete        = bluegreen.ReasonNotComplete
	ReasonFewerThanLive      = bluegreen.ReasonFewerThanLive
	ReasonReplicaFailure     = bluegreen.ReasonReplicaFailure
	ReasonDeadlineExceeded   = bluegreen.ReasonProgressDeadlineExceeded
	ReasonNotApproved        = bluegreen.ReasonNotApproved
	ReasonFailed             = bluegreen.ReasonFailed
	ReasonRolledBack         = bluegreen.ReasonRolledBack
	ReasonNotChecked         = bluegreen.ReasonNotChecked
	ReasonChecking           = bluegreen.ReasonChecking
	ReasonLiveNotChecked     = bluegreen.ReasonLiveNotChecked
)

// now is when decisions are made.
var now = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

// Action is what a decision comes to. Message is what the Service then says, or, of a switch, what the Event tells.
type Action struct {
	Reason  Reason
	Message string
	Warning bool

	// Told is what the Event tells; empty if there is none.
	Told string

	// Starts are the checks that begin, and Ends the names of the Jobs that are deleted.
	Starts []bluegreen.StartCheck
	Ends   []string

	// Protect are the Deployments that get finalizer and note, in order.
	Protect []bluegreen.Protect

	// Service is what is stored after the decision, and Writes reports whether it is written for that.
	Service *corev1.Service
	Writes  bool
}

// decide is what to do about a Service in a namespace with some Deployments.
func decide(service *corev1.Service, deployments ...*appsv1.Deployment) Action {
	return decideOn(observe(service, deployments))
}

func decideOn(state State) Action {
	decision := Decide(state)
	action := Action{Reason: decision.Reason, Service: state.Service.Service}
	for _, write := range decision.Writes {
		switch change := write.Change.(type) {
		case bluegreen.Protect:
			action.Protect = append(action.Protect, change)
		case bluegreen.StartCheck:
			action.Starts = append(action.Starts, change)
		case bluegreen.EndCheck:
			action.Ends = append(action.Ends, change.Job.Name)
		case bluegreen.WriteService:
			action.Service, action.Writes = change.Desired, true
			if write.Tell != nil {
				action.Told, action.Warning = write.Tell.Message, write.Tell.Warning
			}
		}
	}
	action.Message = cmp.Or(action.Service.Annotations[bluegreen.MessageKey], action.Told)
	return action
}

// decideWithTarget decides as if the Deployments were the target, whatever the Service asks for.
func decideWithTarget(service *corev1.Service, target ...*appsv1.Deployment) Action {
	return decideOn(State{Service: bluegreen.Read(service), Target: target, Protection: true, Now: now})
}

func observe(service *corev1.Service, deployments []*appsv1.Deployment) State {
	return Observe(bluegreen.Read(service), deployments, true, now)
}

// observedAgain is a state whose target has been read again.
func observedAgain(state State, target ...*appsv1.Deployment) State { return state.Refresh(target) }

// serviceWrite is somebody's CREATE (without old) or UPDATE of a Service.
type serviceWrite struct {
	old, new     *corev1.Service
	byController bool
}

func admit(write serviceWrite) admission.ServiceAnswer {
	return admission.AdmitService(admission.ServiceWrite{
		Old:          bluegreen.Read(write.old),
		New:          bluegreen.Read(write.new),
		ByController: write.byController,
		Checks:       true,
	})
}

// admitted is what is stored of a write.
func admitted(t *testing.T, write serviceWrite) *corev1.Service {
	t.Helper()
	answer := admit(write)
	if len(answer.Errors) > 0 {
		t.Fatalf("refused: %v", answer.Errors)
	}
	return answer.Service
}

// decided is what a decision is expected to be.
type decided struct {
	reason  Reason
	message string
}

// held is a decision that moves nothing, because of something that people read.
func held(reason Reason, message string) decided { return decided{reason, message} }

// movedTo is the decision that moves traffic from version 1.10 to another one.
func movedTo(version string) decided {
	return decided{ReasonSwitched, "Traffic moved from version 1.10 to version " + version}
}

// expect compares reason and message of a decision.
func (want decided) expect(t *testing.T, got Action) {
	t.Helper()
	if got.Reason != want.reason || got.Message != want.message {
		t.Errorf("got %s: %s\nwant %s: %s", got.Reason, got.Message, want.reason, want.message)
	}
}

// expectReason compares the reason of a decision, whatever its message says.
func expectReason(t *testing.T, got Action, want Reason) {
	t.Helper()
	if got.Reason != want {
		t.Errorf("got %s: %s, want %s", got.Reason, got.Message, want)
	}
}
