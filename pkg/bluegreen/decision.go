package bluegreen

import (
	"maps"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Decision is what to do about what has been observed. Doing nothing has a reason too.
type Decision struct {
	Reason Reason

	// Writes are made in this order, up to the first that fails or whose object somebody has changed meanwhile.
	Writes []Write

	// LookAgain is the instant at which to decide anew though nothing has changed; zero if there is none.
	LookAgain time.Time
}

// Write is one write to the API server, and what people are told once it has succeeded; nil for nothing.
type Write struct {
	Change Change
	Tell   *Event
}

// Change is what a Write changes: one of the types below. It never writes over an object that has changed since it was observed.
type Change interface {
	// Object is what is changed, as it was observed.
	Object() Object
}

// Object is a Service, a Deployment, or a Job.
type Object interface {
	metav1.Object
	runtime.Object
}

type (
	// WriteService makes annotations and selector of a Service the desired ones, in one write.
	WriteService struct{ Observed, Desired *corev1.Service }

	// Protect puts the finalizer on a Deployment, and the note Serves; without one if it is not live yet.
	Protect struct {
		Deployment *appsv1.Deployment
		Serves     string
	}

	// Unprotect takes finalizer and notes off a Deployment, and resumes a rollout that bluegreen paused. The notes of what is
	// still to be done later stay unless ForgetAll.
	Unprotect struct {
		Deployment *appsv1.Deployment
		ForgetAll  bool
	}

	// Resume resumes a rollout that bluegreen paused, in a Deployment that stays protected, and notes what it serves from now on.
	Resume struct {
		Deployment *appsv1.Deployment
		Serves     string
	}

	// Scale sets the replicas of a Deployment.
	Scale struct {
		Deployment *appsv1.Deployment
		Replicas   int32
	}

	// StartCheck creates the Job of a check of a Service. Whoever performs it makes that with JobOf, from the CronJob.
	StartCheck struct {
		Service *corev1.Service
		Check   Check
		Job     *batchv1.Job
	}

	// EndCheck deletes a Job that checks what nobody asks for any more, or that another one replaces.
	EndCheck struct{ Job *batchv1.Job }

	// Note writes notes on a Deployment; an empty one is removed.
	Note struct {
		Deployment *appsv1.Deployment
		Notes      map[string]string
	}
)

// Object implements Change.
func (w WriteService) Object() Object { return w.Observed }

// Object implements Change.
func (p Protect) Object() Object { return p.Deployment }

// Object implements Change.
func (u Unprotect) Object() Object { return u.Deployment }

// Object implements Change.
func (r Resume) Object() Object { return r.Deployment }

// Object implements Change.
func (s Scale) Object() Object { return s.Deployment }

// Object implements Change.
func (s StartCheck) Object() Object { return s.Service }

// Object implements Change.
func (e EndCheck) Object() Object { return e.Job }

// Object implements Change.
func (n Note) Object() Object { return n.Deployment }

// MovesTraffic reports whether the write changes the selector.
func (w WriteService) MovesTraffic() bool {
	return !maps.Equal(w.Observed.Spec.Selector, w.Desired.Spec.Selector)
}

// Empty reports whether there is nothing to write.
func (w WriteService) Empty() bool {
	return !w.MovesTraffic() && maps.Equal(w.Observed.Annotations, w.Desired.Annotations)
}

// MovesTraffic reports whether one of the writes changes the selector of a Service.
func (d Decision) MovesTraffic() bool {
	for _, write := range d.Writes {
		if service, is := write.Change.(WriteService); is && service.MovesTraffic() {
			return true
		}
	}
	return false
}

// LookingAgainBy returns the decision with an instant by which to decide anew at the latest.
func (d Decision) LookingAgainBy(at time.Time) Decision {
	if d.LookAgain.IsZero() || at.Before(d.LookAgain) {
		d.LookAgain = at
	}
	return d
}

// Event is what people are told of a write.
type Event struct {
	Reason Reason

	// Action is what bluegreen was doing, in one word.
	Action string

	// Message is one sentence a person can act on.
	Message string

	// Warning reports whether people should look at it even if they do not wait for it.
	Warning bool
}

// Actions of Events.
const (
	Admitting  = "Admitting"
	Switching  = "Switching"
	Protecting = "Protecting"
	Scaling    = "Scaling"
	Resuming   = "Resuming"
	Checks     = "Checking"
)

// maxMessage is what fits into the note of an Event (1,024 characters), in bytes.
const maxMessage = 1000

// Clip shortens a message to what fits into an Event; the API server rejects a longer one.
func Clip(message string) string { return Shorten(message, maxMessage) }

// Shorten shortens a text to so many bytes and three dots.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
