package inuse

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Held returns what people are told when a deletion, a scale-down or a rollout of a Deployment begins to be held. A deletion comes
// with no warning, and a GitOps tool shows none. before is the Deployment as it was; services are those that may use it.
func Held(before, after *appsv1.Deployment, services []bluegreen.Service) []bluegreen.Event {
	var told []bluegreen.Event
	if bluegreen.Protected(after) && before.DeletionTimestamp == nil && after.DeletionTimestamp != nil {
		told = append(told, deletionHeld(after, services))
	}
	down, held := bluegreen.ParseScaleDown(after.Annotations[bluegreen.ScaleToZeroAfter])
	if _, known := before.Annotations[bluegreen.ScaleToZeroAfter]; held && !known && down.UID == after.UID {
		told = append(told, bluegreen.Event{Reason: bluegreen.ReasonScaleDownHeld, Action: bluegreen.Scaling, Message: fmt.Sprintf(
			"keeps its replicas (%d) while traffic of Service %s moves away from it, and goes to 0 once it has drained",
			down.Replicas, down.Service)})
	}
	rollout, held := bluegreen.PausedRolloutOf(after)
	if held && !bluegreen.RolloutHeld(before) {
		told = append(told, bluegreen.Event{Reason: bluegreen.ReasonRolloutHeld, Action: bluegreen.Resuming, Message: fmt.Sprintf(
			"its pods keep %s while they serve: the rollout of the new labels is paused, and goes on (with %d replicas) once traffic has left",
			after.Annotations[bluegreen.Serves], rollout.Wanted)})
	}
	return told
}

// deletionHeld tells what the deletion waits for. Whoever waits for it before deleting the Service, as Argo CD does with a whole
// application, waits for ever.
func deletionHeld(deployment *appsv1.Deployment, services []bluegreen.Service) bluegreen.Event {
	event := bluegreen.Event{Reason: bluegreen.ReasonDeletionHeld, Action: bluegreen.Protecting}
	var users []string
	for _, service := range services {
		if service.Uses(deployment) {
			users = append(users, service.Name)
		}
	}
	if len(users) == 0 {
		event.Message = "is being deleted, and its pods are kept until they have drained" + returns(deployment, services)
		return event
	}
	event.Message = fmt.Sprintf("is being deleted, and its pods are kept while Service %s uses it; if that is to go too, and waits for this "+
		"Deployment (an Argo CD application that is deleted): kubectl delete service %s -n %s",
		strings.Join(users, ", "), strings.Join(users, " "), deployment.Namespace)
	return event
}

// returns returns how a message goes on if a deletion also waits for the end of a window.
func returns(deployment *appsv1.Deployment, services []bluegreen.Service) string {
	for _, service := range services {
		if end := service.ReturnsUntil(deployment); !end.IsZero() && service.Protects() {
			return fmt.Sprintf(", and until %s, because traffic of Service %s may return to them until then (%s)",
				end.UTC().Format(time.RFC3339), service.Name, bluegreen.AutoRollback)
		}
	}
	return ""
}
