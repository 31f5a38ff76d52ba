package edit

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Undo asks for the version that the last switch left. Deployments are those of the namespace.
func Undo(service bluegreen.Service, deployments []*appsv1.Deployment) (Edit, error) {
	if err := asked(service, "undo"); err != nil {
		return Edit{}, err
	}
	last, found := service.LastSwitch()
	switch {
	case service.RolledBack():
		return Edit{}, fmt.Errorf("traffic is already back on version %s%s; to ask for nothing else: %s", service.Live(), why(service),
			plugin(service, "withdraw"))
	case service.Pending():
		return Edit{}, fmt.Errorf("traffic is still on %s, and version %s is only asked for; to withdraw that: %s", service.Describe(),
			service.Target, plugin(service, "withdraw"))
	case !found || last.From == "":
		return Edit{}, fmt.Errorf("no switch from another version is recorded (%s); to go to a version by its name: %s",
			bluegreen.LastSwitchKey, command(service, bluegreen.TargetVersion, "VERSION"))
	}
	before := service.WithVersion(last.From)
	there := bluegreen.Pick(deployments, before.Selects)
	if len(there) == 0 {
		return Edit{}, fmt.Errorf("no Deployment has pods labelled %s any more: apply its manifest, and then: %s",
			labels.FormatLabels(before.Spec.Selector), command(service, bluegreen.TargetVersion, last.From))
	}
	return set(bluegreen.TargetVersion, last.From, notesOfUndo(service, last, there)...), nil
}

// notesOfUndo returns what is in the way of going back, and what may come after.
func notesOfUndo(service bluegreen.Service, last bluegreen.LastSwitch, there []*appsv1.Deployment) []string {
	var notes []string
	for _, deployment := range there {
		if bluegreen.Replicas(deployment) == 0 {
			notes = append(notes, fmt.Sprintf("Deployment %s has 0 replicas, and traffic waits until it is scaled up: kubectl scale deployment "+
				"%s -n %s --replicas=N", deployment.Name, deployment.Name, deployment.Namespace))
		}
	}
	if service.Promotion == bluegreen.Manual && service.ApprovedVersion != last.From {
		notes = append(notes, "going back needs its own approval: "+plugin(service, "promote"))
	}
	if service.AutoRollback != nil {
		notes = append(notes, fmt.Sprintf("this switch is watched too (%s): if version %s breaks, traffic returns to version %s",
			bluegreen.AutoRollback, last.From, last.To))
	}
	return notes
}
