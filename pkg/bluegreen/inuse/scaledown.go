package inuse

import (
	"fmt"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// heldScaleDown is the state of a scale-down that was held.
type heldScaleDown string

const (
	// noScaleDown: none was held.
	noScaleDown heldScaleDown = "None"
	// scaleDownPending: the switch away from the Deployment is still to come, or another managed Service uses it.
	scaleDownPending heldScaleDown = "Pending"
	// scaleDownVoid: it is not to be done any more.
	scaleDownVoid heldScaleDown = "Void"
	// scaleDownDue: the Service has moved away. Next the note is bound to the Deployment as it is.
	scaleDownDue heldScaleDown = "Due"
	// scaleDownBound: it is due, and bound to the Deployment as it is. Next it is done.
	scaleDownBound heldScaleDown = "Bound"
)

// scaleDown returns the state of a held scale-down, and why if it is void. Newer words count: of the replicas (a note that came
// with a copy of another Deployment is void too), of the ask, and of the Service, which somebody may be about to create again.
func (s State) scaleDown() (held heldScaleDown, why string) {
	note, found := s.Deployment.Annotations[bluegreen.ScaleToZeroAfter]
	if !found {
		return noScaleDown, ""
	}
	noted, ours := bluegreen.ParseScaleDown(note)
	switch {
	case !ours || noted.UID != s.Deployment.UID:
		return scaleDownVoid, "it is not of this Deployment"
	case noted.Replicas != bluegreen.Replicas(s.Deployment):
		return scaleDownVoid, fmt.Sprintf("there were %d then", noted.Replicas)
	case noted.Generation != 0 && noted.Generation != s.Deployment.Generation:
		return scaleDownVoid, "the Deployment has changed since"
	}
	held, why = s.scaleDownOf(noted.Service)
	switch {
	case held == scaleDownDue && noted.Generation != 0:
		return scaleDownBound, ""
	case held == scaleDownDue && !bluegreen.Protected(s.Deployment):
		return scaleDownVoid, "bluegreen did not keep the Deployment"
	default:
		return held, why
	}
}

// scaleDownOf returns the state of a held scale-down as the Service that it waits for decides it.
func (s State) scaleDownOf(name string) (held heldScaleDown, why string) {
	held, why = scaleDownVoid, fmt.Sprintf("Service %s is gone", name)
	for _, service := range s.Services {
		pending := service.Switchable() && service.Pending()
		switch {
		case service.Name == name && service.Selects(s.Deployment) && !pending:
			return scaleDownVoid, fmt.Sprintf("Service %s stays on the Deployment", name)
		case service.Involves(s.Deployment):
			held, why = scaleDownPending, ""
		case service.Name == name && held == scaleDownVoid && service.Managed:
			held, why = scaleDownDue, ""
		case service.Name == name && held == scaleDownVoid:
			why = fmt.Sprintf("Service %s was given back", name)
		}
	}
	return held, why
}

// bind notes that the scale-down that was held is due.
func (s State) bind() bluegreen.Change {
	noted, _ := bluegreen.ParseScaleDown(s.Deployment.Annotations[bluegreen.ScaleToZeroAfter])
	return s.note(bluegreen.ScaleToZeroAfter, s.bound(noted))
}

// bound returns the note of a scale-down that is due, bound to the generation that the Deployment has with that note: the API server
// counts a change of a Deployment's annotations.
func (s State) bound(down bluegreen.ScaleDown) string {
	down.Generation = s.Deployment.Generation + 1
	return down.String()
}

// forgetScaleDown removes the note of a scale-down that was done, or will not be done.
func (s State) forgetScaleDown() bluegreen.Decision {
	var tell *bluegreen.Event
	if replicas := bluegreen.Replicas(s.Deployment); replicas > 0 {
		_, why := s.scaleDown()
		tell = &bluegreen.Event{Reason: bluegreen.ReasonScaleDownForgotten, Action: bluegreen.Scaling, Message: fmt.Sprintf(
			"keeps its replicas (%d), and the scale-down to 0 that was held is forgotten: %s; scale it to 0 again if that is still meant",
			replicas, why)}
	}
	return s.write(bluegreen.ReasonScaleDownForgotten, s.note(bluegreen.ScaleToZeroAfter, ""), tell)
}

// scaleDownDone tells of a scale-down that was held.
func (s State) scaleDownDone() *bluegreen.Event {
	noted, _ := bluegreen.ParseScaleDown(s.Deployment.Annotations[bluegreen.ScaleToZeroAfter])
	return &bluegreen.Event{Reason: bluegreen.ReasonScaleDownDone, Action: bluegreen.Scaling, Message: fmt.Sprintf(
		"scaled from %d to 0: traffic of Service %s has left it", noted.Replicas, noted.Service)}
}
