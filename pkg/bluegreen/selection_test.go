package bluegreen_test

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAServiceIsFoundByALabelThatWhatMattersToItHasAndFewOthersHave(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		labels  []string
	}{
		"stable":  {service: Managed(), labels: []string{"name=nginx"}},
		"pending": {service: Waiting(), labels: []string{"name=nginx"}},
		"the longest value": {
			service: Managed(Selects("app", "b", "instance", "shop-nginx", "version", "1.10-with-a-long-name")),
			labels:  []string{"instance=shop-nginx"},
		},
		"as long as another": {
			service: Managed(Selects("name", "nginx", "app", "nginx", "version", "1.10")),
			labels:  []string{"app=nginx"},
		},
		"own label": {
			service: Managed(Annotation(bluegreen.VersionLabel, "name"), Asks("green")),
			labels:  []string{"version=1.10"},
		},
		"no version yet":        {service: Waiting(Selects("name", "nginx")), labels: []string{"name=nginx"}},
		"a version and no more": {service: Managed(Selects("version", "1.10")), labels: []string{"version=1.10"}},
		"the same, pending":     {service: Waiting(Selects("version", "1.10")), labels: []string{"version=1.10", "version=1.11"}},
		"unmanaged":             {service: Service()},
		"invalid":               {service: Managed(Asks("?")), labels: []string{"name=nginx"}},
		"no selector":           {service: Managed(Selects())},
	} {
		t.Run(name, func(t *testing.T) {
			if got := bluegreen.Read(test.service).IndexKeys(); !slices.Equal(got, test.labels) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestOnlyManagedServicesAndThoseThatWereAreOurConcern(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		want    bool
	}{
		"unmanaged":                            {service: Service()},
		"others' annotations":                  {service: Service(Annotation("example.org/a", "b"))},
		"version label alone":                  {service: Service(Annotation(bluegreen.VersionLabel, "track"))},
		"managed":                              {service: Managed(), want: true},
		"badly managed":                        {service: Service(Asks("")), want: true},
		"given back while nobody answered":     {service: Managed(Lacks(bluegreen.TargetVersion)), want: true},
		"nothing left but a message of before": {service: Service(Annotation(bluegreen.MessageKey, "")), want: true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := bluegreen.Concerns(test.service); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestADeploymentIsInUseWhileAServiceSelectsItOrIsAboutTo(t *testing.T) {
	other := NamedService("other")
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		services   []*corev1.Service
		want       bool
	}{
		"live": {
			deployment: Deployment("1.10"),
			services:   Services(Managed()),
			want:       true,
		},
		"live while another is asked for": {
			deployment: Deployment("1.10"),
			services:   Services(Waiting()),
			want:       true,
		},
		"live under a bad ask": {
			deployment: Deployment("1.10"),
			services:   Services(Managed(Asks("?"))),
			want:       true,
		},
		"live and under deletion": {
			deployment: Deployment("1.10", Kept),
			services:   Services(Managed()),
			want:       true,
		},
		"asked for": {
			deployment: Deployment("1.11"),
			services:   Services(Waiting()),
			want:       true,
		},
		"asked for, and under deletion": {deployment: Deployment("1.11", Kept), services: Services(Waiting())},
		"left":                          {deployment: Deployment("1.09"), services: Services(Managed())},
		"of one Service of two": {
			deployment: Deployment("1.11"),
			services:   Services(Managed(other), OnGreen()),
			want:       true,
		},
		"of a plain Service": {deployment: Deployment("1.10"), services: Services(Service())},
		"of a Service without protection": {
			deployment: Deployment("1.10"),
			services:   Services(Managed(Unprotected)),
		},
		"of no Service":                      {deployment: Deployment("1.10")},
		"of a selectorless Service, managed": {deployment: Deployment("1.10"), services: Services(Managed(Selects()))},
	} {
		t.Run(name, func(t *testing.T) {
			if got := used(test.deployment, test.services); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// used reports whether one of some Services uses a Deployment.
func used(deployment *appsv1.Deployment, services []*corev1.Service) bool {
	return slices.ContainsFunc(services, func(service *corev1.Service) bool { return bluegreen.Read(service).Uses(deployment) })
}
