package bluegreen

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// scaleDown is a scale-down to 0 that is held: what the annotation ScaleToZeroAfter says.
type scaleDown struct {
	service  string
	uid      types.UID
	replicas int32 // that the Deployment kept

	// generation is that of the Deployment once it was noted that the scale-down is due, and 0 before. A scale-down is done at
	// this generation or never: whoever scales the Deployment up again, after it was done, has the last word.
	generation int64
}

func (s scaleDown) String() string {
	note := fmt.Sprintf("%s/%s/%d", s.service, s.uid, s.replicas)
	if s.generation == 0 {
		return note
	}
	return fmt.Sprintf("%s/%d", note, s.generation)
}

// parseScaleDown reads a note; false for what nobody of ours wrote.
func parseScaleDown(note string) (scaleDown, bool) {
	parts := strings.Split(note, "/")
	if len(parts) == 3 {
		parts = append(parts, "0")
	}
	if len(parts) != 4 {
		return scaleDown{}, false
	}
	replicas, err := strconv.ParseInt(parts[2], 10, 32)
	if err != nil {
		return scaleDown{}, false
	}
	generation, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil {
		return scaleDown{}, false
	}
	return scaleDown{parts[0], types.UID(parts[1]), int32(replicas), generation}, true
}

// HeldScaleDown is what to do about a scale-down that was held.
type HeldScaleDown string

const (
	// NoScaleDown: none was held.
	NoScaleDown HeldScaleDown = "None"
	// ScaleDownPending: the switch away from the Deployment is still to come, or another managed Service uses it.
	ScaleDownPending HeldScaleDown = "Pending"
	// ScaleDownVoid: it is not to be done any more.
	ScaleDownVoid HeldScaleDown = "Void"
	// ScaleDownDue: the Service has moved away. What comes next is BoundScaleDown.
	ScaleDownDue HeldScaleDown = "Due"
	// ScaleDownBound: it is due, and bound to the Deployment as it is. What comes next is to do it.
	ScaleDownBound HeldScaleDown = "Bound"
)

// ScaleDownOf says what to do about the scale-down of a Deployment, given the Services of its namespace, and why if it is void.
// Newer words count: of the replicas (a note that came with a copy of another Deployment is void too), of the ask, and of the
// Service, which somebody may be about to create again.
func ScaleDownOf(deployment *appsv1.Deployment, services []*corev1.Service) (held HeldScaleDown, why string) {
	note, found := deployment.Annotations[ScaleToZeroAfter]
	if !found {
		return NoScaleDown, ""
	}
	noted, own := parseScaleDown(note)
	switch {
	case !own || noted.uid != deployment.UID:
		return ScaleDownVoid, "it is not of this Deployment"
	case noted.replicas != ptr.Deref(deployment.Spec.Replicas, 1):
		return ScaleDownVoid, fmt.Sprintf("there were %d then", noted.replicas)
	case noted.generation != 0 && noted.generation != deployment.Generation:
		return ScaleDownVoid, "the Deployment has changed since"
	}
	held, why = ScaleDownVoid, fmt.Sprintf("Service %s is gone", noted.service)
	for _, service := range services {
		policy, managed := managing(service)
		serves, pending := selectsPods(service.Spec.Selector, deployment), managed && policy.pending(service)
		switch {
		case service.Name == noted.service && serves && !pending:
			return ScaleDownVoid, fmt.Sprintf("Service %s stays on the Deployment", service.Name)
		case Matters(service, deployment):
			held, why = ScaleDownPending, ""
		case service.Name == noted.service && held == ScaleDownVoid:
			held, why = ScaleDownDue, ""
		}
	}
	switch {
	case held == ScaleDownDue && !Protected(deployment):
		return ScaleDownVoid, "bluegreen did not keep the Deployment"
	case held == ScaleDownDue && noted.generation != 0:
		return ScaleDownBound, ""
	default:
		return held, why
	}
}

// BoundScaleDown returns the note of a scale-down that is due, bound to the generation that the Deployment has with that note:
// the API server counts a change of a Deployment's annotations.
func BoundScaleDown(deployment *appsv1.Deployment) string {
	noted, _ := parseScaleDown(deployment.Annotations[ScaleToZeroAfter])
	noted.generation = deployment.Generation + 1
	return noted.String()
}
