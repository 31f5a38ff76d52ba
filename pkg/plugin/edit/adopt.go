package edit

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// versionLabels are the keys of labels that may carry the version, the usual one first.
var versionLabels = []string{bluegreen.DefaultVersionLabel, "app.kubernetes.io/version"}

// Adopt asks for the version that is live, which puts a Service under management and moves no traffic. Deployments are those of the
// namespace; label is the key of the version, empty for one of the usual ones.
func Adopt(service bluegreen.Service, deployments []*appsv1.Deployment, label string) (Edit, error) {
	if service.Managed {
		return Edit{}, fmt.Errorf("service/%s is managed already (%s); to look at it: %s", service.Name, service.Key,
			plugin(service, "status"))
	}
	if problems := notAdoptable(service); problems != nil {
		return Edit{}, fmt.Errorf("service/%s cannot be adopted: %w", service.Name, problems)
	}
	live := bluegreen.Pick(deployments, func(deployment *appsv1.Deployment) bool {
		return bluegreen.Matches(service.Spec.Selector, deployment.Spec.Template.Labels)
	})
	if len(live) == 0 {
		selector := labels.FormatLabels(service.Spec.Selector)
		return Edit{}, fmt.Errorf("no Deployment has pods labelled %s, and bluegreen moves traffic between Deployments alone; to see whose "+
			"pods these are: kubectl get pods -n %s -l '%s' -o custom-columns=POD:.metadata.name,OWNER:.metadata.ownerReferences[0].kind",
			selector, service.Namespace, selector)
	}
	label, err := labelOf(service, live, label)
	if err != nil {
		return Edit{}, err
	}
	version, err := versionOf(service, live, label)
	if err != nil {
		return Edit{}, err
	}
	adopt := set(bluegreen.TargetVersion, version)
	if label != bluegreen.DefaultVersionLabel {
		adopt.Set[bluegreen.VersionLabel] = label
	}
	return adopt, nil
}

// notAdoptable returns what is wrong with a Service that has nothing to switch.
func notAdoptable(service bluegreen.Service) error {
	asking := set(bluegreen.TargetVersion, "VERSION").Applied(service.Service)
	return bluegreen.Read(asking).NotSwitchable().ToAggregate()
}

// labelOf returns the key of the label that carries the version: the one that is wanted, or else one that the selector or all live
// Deployments have.
func labelOf(service bluegreen.Service, live []*appsv1.Deployment, wanted string) (string, error) {
	candidates := versionLabels
	if wanted != "" {
		candidates = []string{wanted}
	}
	for _, key := range candidates {
		lacking := slices.ContainsFunc(live, func(deployment *appsv1.Deployment) bool { return deployment.Spec.Template.Labels[key] == "" })
		if _, selected := service.Spec.Selector[key]; selected || !lacking {
			return key, nil
		}
	}
	return "", fmt.Errorf("the pods of Deployment %s have no label %s: add one with the version to their template, or name the label that "+
		"has it: %s --version-label=KEY", bluegreen.Names(live), strings.Join(candidates, " or "), plugin(service, "adopt"))
}

// versionOf returns the version that is live, by the selector or else by the live Deployments.
func versionOf(service bluegreen.Service, live []*appsv1.Deployment, label string) (string, error) {
	if version := service.Spec.Selector[label]; version != "" {
		return version, nil
	}
	var versions []string
	for _, deployment := range live {
		if version := deployment.Spec.Template.Labels[label]; !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
	if len(versions) > 1 {
		return "", fmt.Errorf("versions %s are all live (Deployments %s): end all but one, or choose one, which takes traffic from the "+
			"others: %s", strings.Join(versions, ", "), bluegreen.Names(live), command(service, bluegreen.TargetVersion, "VERSION"))
	}
	return versions[0], nil
}

// Leave gives a Service back.
func Leave(service bluegreen.Service) (Edit, error) {
	if !service.Managed {
		return Edit{}, fmt.Errorf("service/%s is not managed by bluegreen; to see those that are: kubectl bluegreen status -n %s", service.Name,
			service.Namespace)
	}
	return Edit{Remove: []string{service.Key}}, nil
}
