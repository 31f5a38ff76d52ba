package bluegreen

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
)

// PausedRollout is a rollout that bluegreen paused: what the note ResumeAfter says. It is written UID/KEPT/WANTED.
type PausedRollout struct {
	// UID is that of the Deployment.
	UID types.UID

	// Kept are the replicas that the Deployment had when its rollout was paused, Wanted those that were asked for.
	Kept, Wanted int32
}

// String returns the note.
func (p PausedRollout) String() string { return fmt.Sprintf("%s/%d/%d", p.UID, p.Kept, p.Wanted) }

// PausedRolloutOf reads the note of a rollout that bluegreen paused; false if there is none of this Deployment.
func PausedRolloutOf(deployment *appsv1.Deployment) (PausedRollout, bool) {
	parts := strings.Split(deployment.Annotations[ResumeAfter], "/")
	if len(parts) != 3 || parts[0] != string(deployment.UID) || !Protected(deployment) {
		return PausedRollout{}, false
	}
	kept, keptErr := strconv.ParseInt(parts[1], 10, 32)
	wanted, wantedErr := strconv.ParseInt(parts[2], 10, 32)
	if keptErr != nil || wantedErr != nil {
		return PausedRollout{}, false
	}
	return PausedRollout{types.UID(parts[0]), int32(kept), int32(wanted)}, true
}

// RolloutHeld reports whether bluegreen paused the rollout of a Deployment.
func RolloutHeld(deployment *appsv1.Deployment) bool {
	_, found := PausedRolloutOf(deployment)
	return found
}

// ToNone reports whether no replicas were asked for together with the new labels, and nobody has scaled the Deployment since.
func (p PausedRollout) ToNone(deployment *appsv1.Deployment) bool {
	return p.Wanted == 0 && Replicas(deployment) == p.Kept
}

// ScaleDown is a scale-down to 0 that is held: what the note ScaleToZeroAfter says. It is written SERVICE/UID/REPLICAS, and
// SERVICE/UID/REPLICAS/GENERATION once it is due.
type ScaleDown struct {
	// Service is the name of the Service whose switch is waited for.
	Service string

	// UID is that of the Deployment, Replicas those that it kept.
	UID      types.UID
	Replicas int32

	// Generation is that of the Deployment once it was noted that the scale-down is due, and 0 before. A scale-down is done at
	// this generation or never: whoever scales the Deployment up again, after it was done, has the last word.
	Generation int64
}

// String returns the note.
func (s ScaleDown) String() string {
	note := fmt.Sprintf("%s/%s/%d", s.Service, s.UID, s.Replicas)
	if s.Generation == 0 {
		return note
	}
	return fmt.Sprintf("%s/%d", note, s.Generation)
}

// ParseScaleDown reads a note; false if bluegreen did not write it.
func ParseScaleDown(note string) (ScaleDown, bool) {
	parts := strings.Split(note, "/")
	if len(parts) == 3 {
		parts = append(parts, "0")
	}
	if len(parts) != 4 {
		return ScaleDown{}, false
	}
	replicas, replicasErr := strconv.ParseInt(parts[2], 10, 32)
	generation, generationErr := strconv.ParseInt(parts[3], 10, 64)
	if replicasErr != nil || generationErr != nil {
		return ScaleDown{}, false
	}
	return ScaleDown{parts[0], types.UID(parts[1]), int32(replicas), generation}, true
}

// Left is that traffic has left a Deployment: what the note LeftKey says. It is written SERVICE/UID/VERSION/INSTANT.
type Left struct {
	// Service is the name of the Service that says how long the Deployment stays.
	Service string

	// UID is that of the Deployment, and Version what its pod template carries.
	UID     types.UID
	Version string

	// At is when traffic left it, to the second.
	At time.Time
}

// String returns the note.
func (l Left) String() string {
	return strings.Join([]string{l.Service, string(l.UID), l.Version, instant(l.At)}, "/")
}

// LeftOf reads the note of a Deployment that traffic has left; false if there is none of it.
func LeftOf(deployment *appsv1.Deployment) (Left, bool) {
	parts := strings.Split(deployment.Annotations[LeftKey], "/")
	if len(parts) != 4 || parts[1] != string(deployment.UID) {
		return Left{}, false
	}
	at, err := time.Parse(time.RFC3339, parts[3])
	return Left{Service: parts[0], UID: deployment.UID, Version: parts[2], At: at}, err == nil
}
