// Package admission decides what becomes of somebody's write of a Service or a Deployment, on its way into the cluster. Only
// that belongs here; pkg/mutate asks it and answers the API server.
package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// ServiceWrite is somebody's CREATE or UPDATE of a Service.
type ServiceWrite struct {
	// Old is the Service as it is stored; it does not exist on CREATE. New is the Service as the writer wants it.
	Old, New bluegreen.Service

	// Deployments are those of the Service's namespace, Followers those of the Service; needed only if the write EndsProtection.
	Deployments []*appsv1.Deployment
	Followers   []bluegreen.Service

	// Protection reports whether the installation protects Deployments in use, and Checks whether it may run Jobs.
	Protection, Checks bool

	// ByController reports whether the writer is bluegreen's own controller, the only one who moves traffic.
	ByController bool
}

// ServiceAnswer is what becomes of a ServiceWrite.
type ServiceAnswer struct {
	// Service is what is stored in place of the new one. Only annotations, selector and managed fields differ from it.
	Service *corev1.Service

	told

	// Errors, if any, reject the write as invalid (422). Then nothing else is told.
	Errors field.ErrorList
}

// AdmitService applies the admission rules of docs/design.md to a write. It is idempotent: admitting its own result changes
// nothing, so dry runs and reinvocation are safe.
func AdmitService(write ServiceWrite) ServiceAnswer {
	answer := write.answer()
	if len(answer.Errors) > 0 {
		answer.told = told{} // It tells of a write that does not happen.
	}
	answer.Service.ManagedFields = write.owners(answer.Service.ManagedFields)
	return answer
}

func (w ServiceWrite) answer() ServiceAnswer {
	switch {
	case !w.Old.Managed && !w.New.Managed:
		return store(w.New, bluegreen.OwnAnnotations(w.New.Service))
	case w.ByController:
		return w.byController()
	case !w.New.Managed:
		return w.givenBack()
	case !w.Old.Exists():
		return w.created()
	default:
		return w.updated()
	}
}

// HoldsSelector reports whether the write named a version in the selector that is not live, and traffic stays where it is.
func (w ServiceWrite) HoldsSelector(answer ServiceAnswer) bool {
	wanted := w.New.Live()
	return wanted != "" && wanted != w.New.WithSelector(answer.Service.Spec.Selector).Live()
}

// store returns the answer that stores a Service with its own annotations replaced.
func store(service bluegreen.Service, own map[string]string) ServiceAnswer {
	return ServiceAnswer{Service: service.WithOwn(own)}
}

// byController admits the controller's own update, which leaves the selector, or moves it to the stored target or back to the version
// that the last switch left. On reinvocation another webhook may have changed the selector; the records show what the controller meant,
// or phase Stable. A Service that is led does not know its target: its record alone does.
func (w ServiceWrite) byController() ServiceAnswer {
	own := bluegreen.OwnAnnotations(w.New.Service)
	last, records := w.New.Moved()
	switch {
	case !w.Old.Exists() || maps.Equal(w.New.Spec.Selector, w.Old.Spec.Selector):
		return store(w.New, own)
	case w.Old.Leader != "" && w.Old.SameAsk(w.New) && records && last.String() != w.Old.Annotations[bluegreen.LastSwitchKey]:
		return store(w.New.WithSelector(w.Old.Spec.Selector).WithVersion(last.To), own)
	case w.returns():
		return store(w.New.WithSelector(w.Old.Returning().TargetSelector()), own)
	case w.Old.Pending() && w.Old.Switchable() && own[bluegreen.PhaseKey] == string(bluegreen.Stable):
		return store(w.New.WithSelector(w.Old.TargetSelector()), own)
	default:
		return store(w.New.WithSelector(w.Old.Spec.Selector), own)
	}
}

// returns reports whether the controller's update records a return from what the last switch made live.
func (w ServiceWrite) returns() bool {
	last, _, watched := w.Old.Window()
	return watched && !last.Judged() && strings.HasPrefix(w.New.Annotations[bluegreen.LastSwitchKey], last.To+"/"+last.From+"/")
}

// givenBack admits the removal of the annotation: it moves no traffic either, and from then on the Service is plain.
func (w ServiceWrite) givenBack() ServiceAnswer {
	answer := store(w.New.WithSelector(w.Old.Spec.Selector), nil)
	answer.Errors = slices.Concat(w.otherKeysChanged(w.Old.VersionLabel), w.becomesExternal(), w.keepsServing())
	answer.warn("%s", w.Old.GivenBack())
	return answer
}

// created admits a new Service. Nothing is live yet, so a selector without the version gets the target. One that is led gets none: it
// selects nothing until the controller has seen its leader.
func (w ServiceWrite) created() ServiceAnswer {
	service := w.New
	if (service.Target != "" || service.Leader != "") && service.Live() == "" && len(service.Spec.Selector) > 0 {
		service = service.WithVersion(service.Target)
	}
	answer := store(service, justAsked(service))
	answer.Errors = slices.Concat(w.New.Errors, w.invalidVersion(), service.NotSwitchable(), w.cannotRetire(), w.cannotCheck())
	answer.warnOwnKeys(w)
	return answer
}

// updated admits an update of a managed Service, or one that adopts it: the selector stays, and so does what bluegreen wrote,
// unless the write changes the ask.
func (w ServiceWrite) updated() ServiceAnswer {
	service := w.New.WithSelector(w.Old.Spec.Selector)
	own := bluegreen.OwnAnnotations(w.Old.Service)
	switch {
	case !w.Old.SameAsk(w.New):
		own = w.askedAnew(service)
	case len(w.Old.Errors) > 0:
		own = w.mended(service)
	}
	answer := store(service, own)
	answer.Errors = slices.Concat(w.New.Errors, w.otherKeysChanged(w.New.VersionLabel), w.invalidVersion(),
		service.NotSwitchable(), w.keepsServing(), w.cannotRetire(), w.cannotCheck())
	answer.warnSelector(service, w.New.Live())
	answer.warnOwnKeys(w)
	return answer
}

// askedAnew returns bluegreen's own annotations after another ask: what the last switch was stays true, and what checks it.
func (w ServiceWrite) askedAnew(service bluegreen.Service) map[string]string {
	own := justAsked(service)
	if last, found := w.Old.LastSwitch(); found && w.Old.Managed {
		own[bluegreen.LastSwitchKey] = last.String()
	}
	check, asked := w.Old.After()
	if _, found := w.Old.RecordOf(check); found && asked && w.Old.Managed {
		own[bluegreen.ChecksKey] = w.Old.Annotations[bluegreen.ChecksKey] // As a whole: the policy lets nobody but bluegreen change it.
	}
	return own
}

// mended returns bluegreen's own annotations once what was wrong with others is mended: what became of the ask stays.
func (w ServiceWrite) mended(service bluegreen.Service) map[string]string {
	own := justAsked(service)
	for _, key := range []string{bluegreen.AttemptKey, bluegreen.LastSwitchKey, bluegreen.ChecksKey} {
		if record, found := w.Old.Annotations[key]; found {
			own[key] = record
		}
	}
	if phase := bluegreen.Read(service.WithOwn(own)).GivenUp(); phase != "" {
		own[bluegreen.PhaseKey] = string(phase)
		delete(own, bluegreen.MessageKey)
	}
	return own
}

// justAsked returns bluegreen's own annotations for a Service that has just been asked for a version. Whoever waits for the phase
// right after their own write never reads that of the previous switch.
func justAsked(service bluegreen.Service) map[string]string {
	if service.Leader != "" {
		return bluegreen.Status(bluegreen.Waiting, fmt.Sprintf("Asked to take the version of Service %s: waiting for the controller to look "+
			"at it", service.Leader))
	}
	if !service.Pending() {
		return bluegreen.Status(bluegreen.Stable, "")
	}
	return bluegreen.Status(bluegreen.Waiting, fmt.Sprintf("Asked to move from %s to version %s: waiting for the controller to look at it",
		service.Describe(), service.Target))
}
