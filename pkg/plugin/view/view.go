// Package view is what kubectl bluegreen status shows of a Service, as a pure function of what has been read of its namespace. Package
// render draws it.
package view

import (
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Objects are what has been read of a namespace, each kind by one list.
type Objects struct {
	Services       []*corev1.Service
	Deployments    []*appsv1.Deployment
	ReplicaSets    []*appsv1.ReplicaSet
	Pods           []*corev1.Pod
	EndpointSlices []*discoveryv1.EndpointSlice
	Events         []*eventsv1.Event

	// Jobs are those that check a version of a Service.
	Jobs []*batchv1.Job

	// Unreadable says, of each kind that could not be read, why.
	Unreadable []string
}

// View is a Service, the Services that it leads, and all below them.
type View struct {
	// Now is when it is looked at.
	Now time.Time

	// Service is the one that was asked about, and Led are those that it leads, by name: its followers and previews.
	Service Service
	Led     []Service

	// Next is what happens next, and when.
	Next []Step

	// Events are the last ones of the Service, the newest last.
	Events []Event

	// Unreadable says, of each kind that could not be read, why.
	Unreadable []string
}

// Service is a Service with what it selects, and would select.
type Service struct {
	bluegreen.Service

	// Endpoints are its endpoints by version.
	Endpoints []Endpoints

	// Deployments are those of its versions: what is live first, then the target, then what traffic has left. One that several Services
	// of a View select is in the first of them alone.
	Deployments []Deployment

	// Jobs are those that check a version of it, or have, the newest last.
	Jobs []Job
}

// Of returns the view of the Service of a name; false if there is none.
func Of(objects Objects, name string, now time.Time) (View, bool) {
	all := read(objects.Services)
	i := slices.IndexFunc(all, func(service bluegreen.Service) bool { return service.Name == name })
	if i < 0 {
		return View{}, false
	}
	shown := map[string]bool{}
	view := View{Now: now, Service: serviceOf(objects, all[i], shown), Unreadable: objects.Unreadable}
	for _, service := range all {
		if service.Leader == name && service.Name != name {
			view.Led = append(view.Led, serviceOf(objects, service, shown))
		}
	}
	view.Next = next(view)
	view.Events = eventsOf(objects.Events, view.Service)
	return view, true
}

// read reads the Services of a namespace, by name. Those that are led are on their way to where their leaders are.
func read(objects []*corev1.Service) []bluegreen.Service {
	services := make([]bluegreen.Service, 0, len(objects))
	for _, object := range objects {
		services = append(services, bluegreen.Read(object))
	}
	slices.SortFunc(services, func(a, b bluegreen.Service) int { return strings.Compare(a.Name, b.Name) })
	return bluegreen.Lead(services)
}

// serviceOf returns a Service with the Deployments that are not shown yet.
func serviceOf(objects Objects, service bluegreen.Service, shown map[string]bool) Service {
	seen := Service{Service: service, Endpoints: endpointsOf(objects, service), Jobs: jobsOf(objects, service)}
	for _, deployment := range deploymentsOf(objects, service) {
		if !shown[deployment.Name] {
			shown[deployment.Name] = true
			seen.Deployments = append(seen.Deployments, deployment)
		}
	}
	return seen
}

// Phase returns the phase of the Service; empty if bluegreen has written none.
func (s Service) Phase() bluegreen.Phase { return bluegreen.Phase(s.Annotations[bluegreen.PhaseKey]) }

// Message returns what bluegreen says about the Service; empty if that is nothing.
func (s Service) Message() string { return s.Annotations[bluegreen.MessageKey] }

// Since returns since when the Service is where it is: asked for another version, or on this one; zero if no record tells.
func (s Service) Since() time.Time {
	if attempt, found := s.Attempt(); found {
		return attempt.Since
	}
	last, _ := s.LastSwitch()
	return last.At
}
