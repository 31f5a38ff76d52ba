package inuse

import (
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// A Deployment that traffic has left goes to 0 replicas some time later, if its Service says so (bluegreen.RetireAfter). It is noted
// when traffic leaves, so that it happens once: whoever scales the Deployment up again has the last word.

// justLeft reports whether traffic has left the Deployment, which is to retire, and that is not noted yet.
func (s State) justLeft() bool {
	left, retires := s.left()
	return retires && s.Deployment.Annotations[bluegreen.LeftKey] != left.String()
}

// left returns the note of a Deployment that a switch has left; false if it does not retire. Of several Services that left it, the
// last one counts, and who lets it stay longest.
func (s State) left() (bluegreen.Left, bool) {
	ends := s.Deployment.DeletionTimestamp != nil || bluegreen.Replicas(s.Deployment) == 0
	if !s.Protection || ends || bluegreen.Relabelled(s.Deployment) {
		return bluegreen.Left{}, false // New labels are those of the next version.
	}
	var last time.Time
	var longest bluegreen.Service
	for _, service := range s.Services {
		at, leaves := service.LeftAt(s.Deployment)
		if leaves && at.After(last) {
			last = at
		}
		if leaves && service.RetireAfter != nil && (longest.RetireAfter == nil || *service.RetireAfter > *longest.RetireAfter) {
			longest = service
		}
	}
	if longest.RetireAfter == nil {
		return bluegreen.Left{}, false
	}
	if noted, found := bluegreen.LeftOf(s.Deployment); found && noted.At.After(last) {
		last = noted.At // A Service that the cache does not show here left it later.
	}
	version := s.Deployment.Spec.Template.Labels[longest.VersionLabel]
	return bluegreen.Left{Service: longest.Name, UID: s.Deployment.UID, Version: version, At: last}, true
}

// leave notes that traffic has left.
func (s State) leave() bluegreen.Decision {
	left, _ := s.left()
	service, _ := s.serviceNamed(left.Service)
	return s.write(bluegreen.ReasonRetiring, s.note(bluegreen.LeftKey, left.String()), &bluegreen.Event{
		Reason: bluegreen.ReasonRetiring, Action: bluegreen.Scaling, Message: fmt.Sprintf(
			"traffic of Service %s has left it; it goes to 0 replicas at %s (%s: %s), unless it is asked for again", service.Name,
			left.At.Add(*service.RetireAfter).Format(time.RFC3339), bluegreen.RetireAfter, *service.RetireAfter)})
}

// retirement returns what comes next for a Deployment that is noted to have been left. It stays if anything is not as it was then:
// it serves again, its pods have other labels, its Service does not want it to retire, or it has no replicas anyway.
func (s State) retirement() Step {
	if _, noted := s.Deployment.Annotations[bluegreen.LeftKey]; !noted || s.Deployment.DeletionTimestamp != nil {
		return StepNone
	}
	left, found := bluegreen.LeftOf(s.Deployment)
	service, exists := s.serviceNamed(left.Service)
	switch {
	case !s.Protection || !found || !exists || service.RetireAfter == nil || bluegreen.Replicas(s.Deployment) == 0,
		s.Deployment.Spec.Template.Labels[service.VersionLabel] != left.Version,
		slices.ContainsFunc(s.Services, func(service bluegreen.Service) bool {
			return service.Managed && !service.Preview && service.Selects(s.Deployment)
		}):
		return StepStay
	case slices.ContainsFunc(s.Services, func(service bluegreen.Service) bool { return service.Involves(s.Deployment) }):
		return StepNone
	default:
		return StepRetire
	}
}

// retire scales to 0 as for a scale-down that was held, once it is time.
func (s State) retire() bluegreen.Decision {
	left, _ := bluegreen.LeftOf(s.Deployment)
	service, _ := s.serviceNamed(left.Service)
	due := s.here(left.At.Add(*service.RetireAfter))
	if kept := s.keptUntil(StepRetire); kept.After(due) {
		due = kept
	}
	if s.Now.Before(due) {
		return bluegreen.Decision{Reason: bluegreen.ReasonRetiring, LookAgain: due}
	}
	down := bluegreen.ScaleDown{Service: left.Service, UID: s.Deployment.UID, Replicas: bluegreen.Replicas(s.Deployment)}
	notes := map[string]string{bluegreen.LeftKey: "", bluegreen.ScaleToZeroAfter: s.bound(down)}
	return s.write(bluegreen.ReasonRetiring, bluegreen.Note{Deployment: s.Deployment, Notes: notes}, nil)
}

func (s State) serviceNamed(name string) (bluegreen.Service, bool) {
	i := slices.IndexFunc(s.Services, func(service bluegreen.Service) bool { return service.Name == name })
	if i < 0 {
		return bluegreen.Service{}, false
	}
	return s.Services[i], true
}
