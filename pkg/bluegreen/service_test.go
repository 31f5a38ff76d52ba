package bluegreen_test

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestOnlyManagedServicesAndThoseThatWereAreOurConcern(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		want    bool
	}{
		"unmanaged":                            {Service(), false},
		"others' annotations":                  {Service(Annotation("example.org/a", "b")), false},
		"version label alone":                  {Service(Annotation(bluegreen.VersionLabel, "track")), false},
		"managed":                              {Managed(), true},
		"badly managed":                        {Service(Asks("")), true},
		"released while nobody answered":       {Managed(Lacks(bluegreen.TargetVersion)), true},
		"nothing left but a message of before": {Service(Annotation(bluegreen.MessageKey, "")), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := bluegreen.Concerns(test.service); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestAServiceIsFoundByALabelThatWhatMattersToItHasAndFewOthersHave(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		labels  []string
	}{
		"stable":                {Managed(), []string{"name=nginx"}},
		"pending":               {Waiting(), []string{"name=nginx"}},
		"the longest value":     {Managed(Selects("app", "b", "instance", "shop-nginx", "version", "1.10-with-a-long-name")), []string{"instance=shop-nginx"}},
		"as long as another":    {Managed(Selects("name", "nginx", "app", "nginx", "version", "1.10")), []string{"app=nginx"}},
		"own label":             {Managed(Annotation(bluegreen.VersionLabel, "name"), Asks("green")), []string{"version=1.10"}},
		"no version yet":        {Waiting(Selects("name", "nginx")), []string{"name=nginx"}},
		"a version and no more": {Managed(Selects("version", "1.10")), []string{"version=1.10"}},
		"the same, pending":     {Waiting(Selects("version", "1.10")), []string{"version=1.10", "version=1.11"}},
		"unmanaged":             {Service(), nil},
		"invalid":               {Managed(Asks("?")), []string{"name=nginx"}},
		"no selector":           {Managed(Selects()), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := bluegreen.Read(test.service).IndexKeys(); !slices.Equal(got, test.labels) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestADeploymentIsInUseWhileAServiceSelectsItOrIsAboutTo(t *testing.T) {
	other := func(s *corev1.Service) { s.Name = "other" }
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		services   []*corev1.Service
		want       bool
	}{
		"live":                               {Deployment("1.10"), []*corev1.Service{Managed()}, true},
		"live while another is asked for":    {Deployment("1.10"), []*corev1.Service{Waiting()}, true},
		"live under a bad ask":               {Deployment("1.10"), []*corev1.Service{Managed(Asks("?"))}, true},
		"live and under deletion":            {Deployment("1.10", Kept), []*corev1.Service{Managed()}, true},
		"asked for":                          {Deployment("1.11"), []*corev1.Service{Waiting()}, true},
		"asked for, and under deletion":      {Deployment("1.11", Kept), []*corev1.Service{Waiting()}, false},
		"left":                               {Deployment("1.09"), []*corev1.Service{Managed()}, false},
		"of one Service of two":              {Deployment("1.11"), []*corev1.Service{Managed(other), Managed(Asks("1.11"), Selects("name", "nginx", "version", "1.11"))}, true},
		"of a plain Service":                 {Deployment("1.10"), []*corev1.Service{Service()}, false},
		"of a Service without protection":    {Deployment("1.10"), []*corev1.Service{Managed(Annotation(bluegreen.InUseProtection, "disabled"))}, false},
		"of no Service":                      {Deployment("1.10"), nil, false},
		"of a selectorless Service, managed": {Deployment("1.10"), []*corev1.Service{Managed(Selects())}, false},
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
