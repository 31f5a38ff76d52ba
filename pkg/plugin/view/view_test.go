package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

// Records of the Service of these tests, whose UID is 7.
const (
	attempt = "2026-11-28T08:00:00Z/7/8a2db7bed7c6ac0e"
	toGreen = "1.10/1.11/2026-11-28T08:00:00Z/7/version"
)

func uid(s *corev1.Service) { s.UID = "7" }

func TestDeploymentsAreShownByWhatTheyAreToTheService(t *testing.T) {
	others := Deployment("1.10", Named("apache"), Labelled("name", "apache", "version", "1.10"))
	others.Spec.Selector.MatchLabels = others.Spec.Template.Labels
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		want        string
	}{
		"at rest": {
			service:     Managed(),
			deployments: List(Deployment("1.10", Protected), others),
			want:        "nginx-1.10 live",
		},
		"a switch is asked for": {
			service:     Waiting(),
			deployments: List(Deployment("1.9"), Deployment("1.11", Starting), Deployment("1.10", Protected)),
			want:        "nginx-1.10 live, nginx-1.11 target, nginx-1.9 unused",
		},
		"after a switch": {
			service:     OnGreen(uid, Annotation("bluegreen/last-switch", toGreen)),
			deployments: List(Deployment("1.10", Protected), Deployment("1.11", Protected)),
			want:        "nginx-1.11 live, nginx-1.10 draining",
		},
		"old versions without pods": {
			service:     OnGreen(uid, Annotation("bluegreen/last-switch", toGreen)),
			deployments: List(none("1.9"), none("1.10"), Deployment("1.11")),
			want:        "nginx-1.11 live, nginx-1.10 unused",
		},
		"rolled back": {
			service: Waiting(uid, Annotation("bluegreen/phase", "RolledBack"),
				Annotation("bluegreen/attempt", attempt+"/RolledBack")),
			deployments: List(Deployment("1.10"), Deployment("1.11", Starting)),
			want:        "nginx-1.10 live, nginx-1.11 target",
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen, _ := view.Of(view.Objects{Services: Services(test.service), Deployments: test.deployments}, "nginx", Eight)
			var got []string
			for _, deployment := range seen.Service.Deployments {
				got = append(got, fmt.Sprintf("%s %s", deployment.Name, deployment.Role))
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("got %s, want %s", strings.Join(got, ", "), test.want)
			}
		})
	}
}

// none is the Deployment of a version, scaled to 0.
func none(version string) *appsv1.Deployment {
	return Deployment(version, Replicas(0), Rolled(0, 0, 0))
}

func TestEachEndpointCountsOnceForTheVersionOfItsPod(t *testing.T) {
	service, blue, green := Waiting(), ReplicaSet(DeploymentOf("1.10"), 2, 2), ReplicaSet(DeploymentOf("1.11"), 0, 1)
	pods := []*corev1.Pod{Pod(blue, "a"), Pod(blue, "b", Unready), Pod(green, "a")}
	four, six := Endpoints(service, pods...), Endpoints(service, pods...)
	six.AddressType = discoveryv1.AddressTypeIPv6
	objects := view.Objects{
		Services:       Services(service),
		Pods:           pods,
		EndpointSlices: []*discoveryv1.EndpointSlice{four, six, Endpoints(Follower(), Pod(blue, "c"))},
	}
	seen, _ := view.Of(objects, "nginx", Eight)
	want := []view.Endpoints{{Version: "1.10", Ready: 1, All: 2}, {Version: "1.11", Ready: 1, All: 1}}
	if !slices.Equal(seen.Service.Endpoints, want) {
		t.Errorf("got %v, want %v", seen.Service.Endpoints, want)
	}
}

func TestAServiceShowsAVersionOnceNoOtherOneAnswers(t *testing.T) {
	old, other := ReplicaSet(DeploymentOf("1.10"), 1, 1), ReplicaSet(DeploymentOf("1.11"), 1, 1)
	for name, test := range map[string]struct {
		service *corev1.Service
		pods    []*corev1.Pod
		want    bool
	}{
		"it answers":                  {Preview(SelectsVersion("1.11")), []*corev1.Pod{Pod(other, "a"), Pod(other, "b", Unready)}, true},
		"it is not ready":             {Preview(SelectsVersion("1.11")), []*corev1.Pod{Pod(other, "a", Unready)}, false},
		"no endpoint is there":        {Preview(SelectsVersion("1.11")), nil, false},
		"another one still answers":   {Preview(SelectsVersion("1.11")), []*corev1.Pod{Pod(other, "a"), Pod(old, "a")}, false},
		"another one, on its way out": {Preview(SelectsVersion("1.11")), []*corev1.Pod{Pod(other, "a"), Pod(old, "a", Unready)}, true},
		"another one is selected":     {Preview(SelectsVersion("1.10")), []*corev1.Pod{Pod(other, "a")}, false},
	} {
		objects := view.Objects{Services: Services(Waiting(), test.service), Pods: test.pods,
			EndpointSlices: []*discoveryv1.EndpointSlice{Endpoints(test.service, test.pods...)}}
		seen, _ := view.Of(objects, "nginx", Eight)
		if got := seen.Led[0].Shows("1.11"); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestOnlyTheLastEventsOfTheServiceAreShown(t *testing.T) {
	service := Managed(uid)
	var events []*eventsv1.Event
	for _, minute := range []time.Duration{3, 1, 2, 6, 5, 4} {
		events = append(events, Event("Service", service, minute*time.Minute, "NotAvailable", fmt.Sprint(int(minute))))
	}
	events = append(events, Event("Service", Managed(), time.Hour, "Switched", "of a Service of the same name before"))
	seen, _ := view.Of(view.Objects{Services: Services(service), Events: events}, "nginx", Eight)
	var got []string
	for _, event := range seen.Events {
		got = append(got, event.Note)
	}
	if strings.Join(got, " ") != "2 3 4 5 6" {
		t.Errorf("got %v, want the last five, the newest last", got)
	}
}

func TestAServiceIsShownWithThoseThatItLeads(t *testing.T) {
	objects := view.Objects{
		Services:    Services(Preview(), Waiting(), Follower(), Managed(NamedService("apache"))),
		Deployments: List(Deployment("1.10"), Deployment("1.11"), AdminDeployment("1.10"), AdminDeployment("1.11")),
	}
	seen, found := view.Of(objects, "nginx", Eight)
	var got []string
	for _, service := range seen.Led {
		for _, deployment := range service.Deployments {
			got = append(got, fmt.Sprintf("%s: %s %s", service.Name, deployment.Name, deployment.Role))
		}
	}
	want := "nginx-admin: nginx-admin-1.10 live, nginx-admin: nginx-admin-1.11 target"
	if !found || len(seen.Led) != 2 || strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s; Deployments that the leader shows are not shown again", strings.Join(got, ", "), want)
	}
	if _, found := view.Of(objects, "absent", Eight); found {
		t.Error("a Service that is not there was found")
	}
}
