package view

import (
	"slices"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Endpoints are those of a Service that are pods of one version.
type Endpoints struct {
	// Version is that of the pods; empty for endpoints that are no pods of a version, or unknown ones.
	Version string

	// Ready are so many of All.
	Ready, All int
}

// Shows reports whether a version answers for the Service, and no other one does.
func (s Service) Shows(version string) bool {
	shows := false
	for _, endpoints := range s.Endpoints {
		if endpoints.Ready > 0 {
			if endpoints.Version != version {
				return false
			}
			shows = true
		}
	}
	return shows && s.Live() == version
}

// endpointsOf returns the endpoints of a Service by version. An endpoint with addresses of two families counts once.
func endpointsOf(objects Objects, service bluegreen.Service) []Endpoints {
	versions := map[string]string{}
	for _, pod := range objects.Pods {
		versions[pod.Name] = pod.Labels[service.VersionLabel]
	}
	counted, byVersion := map[string]bool{}, map[string]*Endpoints{}
	for _, slice := range objects.EndpointSlices {
		if slice.Labels[discoveryv1.LabelServiceName] != service.Name {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			name := nameOf(endpoint)
			if counted[name] {
				continue
			}
			counted[name] = true
			count(byVersion, versions[name], endpoint)
		}
	}
	return sorted(byVersion)
}

// nameOf tells endpoints apart: by their pod, or by their address.
func nameOf(endpoint discoveryv1.Endpoint) string {
	if endpoint.TargetRef != nil && endpoint.TargetRef.Kind == "Pod" {
		return endpoint.TargetRef.Name
	}
	return strings.Join(endpoint.Addresses, ",")
}

func count(byVersion map[string]*Endpoints, version string, endpoint discoveryv1.Endpoint) {
	found := byVersion[version]
	if found == nil {
		found = &Endpoints{Version: version}
		byVersion[version] = found
	}
	found.All++
	if ready := endpoint.Conditions.Ready; ready == nil || *ready {
		found.Ready++
	}
}

func sorted(byVersion map[string]*Endpoints) []Endpoints {
	all := make([]Endpoints, 0, len(byVersion))
	for _, found := range byVersion {
		all = append(all, *found)
	}
	slices.SortFunc(all, func(a, b Endpoints) int { return strings.Compare(a.Version, b.Version) })
	return all
}
