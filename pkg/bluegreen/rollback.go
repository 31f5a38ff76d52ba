package bluegreen

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// With AutoRollback, a switch is watched: what its record says at its end (LastSwitch.Watch) are the Deployments that traffic moved to,
// as they were then, written MARK-REPLICAS,MARK-REPLICAS; or that one of them broke and traffic could not return. Without an end, also
// after a rollback, the record watches nothing.

// Patience is for how long what is live must have been unavailable, without a break, before traffic returns.
const Patience = 10 * time.Second

// couldNotReturn is the watch of a switch that has been judged: traffic stays for good.
const couldNotReturn = "Failed"

// revision is where the Deployment controller says which of its templates a Deployment runs. It writes that before it observes the
// generation (k8s.io/kubernetes/pkg/controller/deployment/util.RevisionAnnotation).
const revision = "deployment.kubernetes.io/revision"

var watches = regexp.MustCompile(`^([0-9a-f]{8}-[0-9]+(,[0-9a-f]{8}-[0-9]+)*|` + couldNotReturn + `|)$`)

func validWatch(watch string) bool { return watches.MatchString(watch) }

// Watching returns the record of a switch that is watched: to some Deployments, as they are.
func (l LastSwitch) Watching(deployments []*appsv1.Deployment) LastSwitch {
	marks := make([]string, 0, len(deployments))
	for _, deployment := range deployments {
		marks = append(marks, fmt.Sprintf("%s-%d", mark(deployment), Replicas(deployment)))
	}
	l.Watch = strings.Join(marks, ",")
	return l
}

// Watches returns how many replicas a Deployment was to have at the switch; false if it was not among those that traffic moved to, or if
// somebody has changed since what it runs, or when that counts as available. Replicas are no such change: an autoscaler makes it too.
func (l LastSwitch) Watches(deployment *appsv1.Deployment) (replicas int32, watched bool) {
	for entry := range strings.SplitSeq(l.Watch, ",") {
		if count, found := strings.CutPrefix(entry, mark(deployment)+"-"); found {
			parsed, err := strconv.ParseInt(count, 10, 32)
			return int32(parsed), err == nil
		}
	}
	return 0, false
}

// Judged reports whether what went live broke after the switch, and traffic could not return. It is judged once.
func (l LastSwitch) Judged() bool { return l.Watch == couldNotReturn }

// Judge returns the record of a switch that has been judged.
func (l LastSwitch) Judge() LastSwitch {
	l.Watch = couldNotReturn
	return l
}

// mark tells what a Deployment runs, and when that counts as available, without the number of its replicas. Not the generation: an
// autoscaler makes a new one, and so does each note of ours.
func mark(deployment *appsv1.Deployment) string {
	unavailable := ""
	if rolling := deployment.Spec.Strategy.RollingUpdate; rolling != nil && rolling.MaxUnavailable != nil {
		unavailable = rolling.MaxUnavailable.String()
	}
	hash := fnv.New32a()
	_, _ = fmt.Fprintf(hash, "%q %q %q %d %q", deployment.Name, deployment.UID, deployment.Annotations[revision],
		deployment.Spec.MinReadySeconds, unavailable)
	return fmt.Sprintf("%08x", hash.Sum32())
}

// Window returns the last switch if it is watched, or was until it was judged, and when that ends; false if it is not.
func (s Service) Window() (last LastSwitch, end time.Time, found bool) {
	if s.AutoRollback == nil || len(s.Errors) > 0 || !s.Switchable() {
		return LastSwitch{}, time.Time{}, false
	}
	last, found = s.LastSwitch()
	return last, last.At.Add(*s.AutoRollback), found && last.Watch != ""
}

// ReturnsUntil returns until when traffic may return to a Deployment; zero if it may not, as to one whose owner has given it other labels.
func (s Service) ReturnsUntil(deployment *appsv1.Deployment) time.Time {
	last, end, found := s.Window()
	if !found || last.Judged() || !Matches(s.selectorOf(last.From), deployment.Spec.Template.Labels) {
		return time.Time{}
	}
	return end
}

// MayReturnTo reports whether traffic may return to a Deployment, before the end of the window.
func (s Service) MayReturnTo(deployment *appsv1.Deployment) bool {
	return !s.ReturnsUntil(deployment).IsZero()
}

// Returning returns the Service as if somebody asked for the version that the last switch left, to be judged by that alone: what is live
// is no measure. The Service must have a Window.
func (s Service) Returning() Service {
	last, _, _ := s.Window()
	s.Target, s.AutoRollback = last.From, nil
	if s.Ready == MatchLive {
		s.Ready = Minimum
	}
	s.targetSelector = s.selectorOf(s.Target)
	return s
}

// Returned returns the record of a return to the version that the last switch left. It watches nothing: no rollback is rolled back.
func (s Service) Returned(now time.Time) LastSwitch {
	last, _ := s.LastSwitch()
	return LastSwitch{From: last.To, To: last.From, At: now, UID: s.UID, Label: s.VersionLabel}
}

// RolledBack reports whether traffic has returned from the target, which stays so until somebody asks anew.
func (s Service) RolledBack() bool { return s.GivenUp() == RolledBack }

// GivenUp returns the phase of a Service whose ask has failed or was rolled back, which stays so until somebody asks anew; empty if
// neither is so.
func (s Service) GivenUp() Phase {
	attempt, _ := s.Attempt()
	return map[Outcome]Phase{OutcomeFailed: Failed, OutcomeRolledBack: RolledBack}[attempt.Outcome]
}
