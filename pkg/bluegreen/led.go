package bluegreen

import (
	"cmp"
	"maps"
	"slices"
)

// A Service that is led takes its version from another Service of the namespace, its leader:
//
//	preview   selects the leader's target from the moment that is asked for. No gate waits for it, and nothing is kept for it
//	follower  selects what is live in the leader, which waits until its followers can move too; then all move
//
// One Service does not tell which version that is, so its Target is empty until it meets its leader: nothing moves before.

// Leads reports whether others can take their version from the Service.
func (s Service) Leads() bool {
	return s.Managed && s.Leader == "" && len(s.Errors) == 0 && s.Switchable()
}

// DueBy returns a Service that is led with the version that it is due now as its target.
func (s Service) DueBy(leader Service) Service {
	if s.Preview {
		return s.ledTo(leader.Target, leader)
	}
	if !leader.Leads() {
		return s
	}
	due := s.ledTo(leader.Live(), leader)
	if _, _, watched := leader.Window(); !watched {
		due.AutoRollback = nil // What a follower catches up with is watched as its leader's switch is.
	}
	return due
}

// NextBy returns a Service that is led with the version that it goes to once its leader is on its target.
func (s Service) NextBy(leader Service) Service {
	target := leader.Target
	if leader.Leads() && leader.RolledBack() {
		target = leader.Live()
	}
	next := s.ledTo(target, leader)
	if next.Leader != "" && next.Target != "" {
		next.Promotion, next.ApprovedVersion, next.holds = leader.Promotion, leader.ApprovedVersion, leader.Holds()
	}
	return next
}

// Leading returns a Service that leads others. If they select other pods, no Deployment rolls out in place for all of them: the one that
// is ready first would wait for the others without its old pods.
func (s Service) Leading(followers []Service) Service {
	s.holds = s.holds || slices.ContainsFunc(followers, func(follower Service) bool {
		return !maps.Equal(follower.otherLabels(), s.otherLabels())
	})
	return s
}

// ledTo returns a Service that is led with a version as its target, and with the options of its leader. It stays as it is if that does
// not lead.
func (s Service) ledTo(version string, leader Service) Service {
	if s.Leader == "" || len(s.Errors) > 0 || !leader.Leads() {
		return s
	}
	s.Target, s.targetSelector = version, s.targetSelectorOf(version)
	s.Ready, s.Protect, s.Drain = leader.Ready, leader.Protect && !s.Preview, leader.Drain
	s.AutoRollback = leader.AutoRollback
	return s
}

// FollowersOf returns those of some Services of a namespace that follow one of them, by name.
func FollowersOf(leader Service, services []Service) []Service { return ledBy(leader, services, false) }

// PreviewsOf returns those that are previews of it, by name.
func PreviewsOf(leader Service, services []Service) []Service { return ledBy(leader, services, true) }

func ledBy(leader Service, services []Service, preview bool) []Service {
	var found []Service
	for _, service := range services {
		if service.Leader == leader.Name && service.Preview == preview {
			found = append(found, service)
		}
	}
	slices.SortFunc(found, func(a, b Service) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// Lead returns the Services of a namespace, those that are led with the version that they go to next.
func Lead(services []Service) []Service {
	followers := map[string][]Service{}
	for _, service := range services {
		if service.Leader != "" && !service.Preview {
			followers[service.Leader] = append(followers[service.Leader], service)
		}
	}
	byName := map[string]Service{}
	for _, service := range services {
		byName[service.Name] = service.Leading(followers[service.Name])
	}
	led := make([]Service, 0, len(services))
	for _, service := range services {
		led = append(led, byName[service.Name].NextBy(byName[service.Leader]))
	}
	return led
}
