package bluegreen

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// A record is what bluegreen remembers of a Service, in an annotation of it. It names the Service's UID and what was asked for: one
// that was copied, restored or forged, or that is about another ask, is void. No record moves traffic past the gate.

// Attempt is what became of an ask so far. It is written SINCE/UID/ASK, and SINCE/UID/ASK/OUTCOME once there is one.
type Attempt struct {
	// Since is when the controller first saw the ask, to the second.
	Since time.Time

	// UID is that of the Service, and ask a digest of what is asked for.
	UID types.UID
	ask string

	// Outcome is what came of it.
	Outcome Outcome
}

// Outcome is what came of an attempt: none as long as its target has never been ready.
type Outcome string

// Outcomes.
const (
	// OutcomeReady: the target was ready once. No deadline fails it any more.
	OutcomeReady Outcome = "Ready"

	// OutcomeFailed: the ask has been given up.
	OutcomeFailed Outcome = "Failed"

	// OutcomeRolledBack: its target broke after the switch, and traffic returned to the version before.
	OutcomeRolledBack Outcome = "RolledBack"
)

// String returns the record.
func (a Attempt) String() string {
	record := fmt.Sprintf("%s/%s/%s", instant(a.Since), a.UID, a.ask)
	if a.Outcome != "" {
		record += "/" + string(a.Outcome)
	}
	return record
}

// Attempt reads the record of the ask that stands; false if there is none.
func (s Service) Attempt() (Attempt, bool) {
	if !s.asksForSwitch() {
		return Attempt{}, false
	}
	record := s.Annotations[AttemptKey]
	since, _, _ := strings.Cut(record, "/")
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return Attempt{}, false
	}
	for _, outcome := range []Outcome{"", OutcomeReady, OutcomeFailed, OutcomeRolledBack} {
		if attempt := (Attempt{at, s.UID, s.digest(), outcome}); attempt.String() == record {
			return attempt, true
		}
	}
	return Attempt{}, false
}

// Try returns the attempt at the ask that stands: the one that is recorded, or else one that begins now.
func (s Service) Try(now time.Time) Attempt {
	if attempt, found := s.Attempt(); found {
		return attempt
	}
	return Attempt{Since: now, UID: s.UID, ask: s.digest()}
}

// LastSwitch is where traffic went last. It is written FROM/TO/INSTANT/UID/LABEL, and FROM/TO/INSTANT/UID/LABEL/WATCH if it is watched.
type LastSwitch struct {
	// From is the version that was left, empty if the selector named none; To is the one that traffic moved to.
	From, To string

	// At is when it moved, to the second.
	At time.Time

	// UID is that of the Service, and Label the selector key that carries the versions.
	UID   types.UID
	Label string

	// Watch is what is watched after the switch (see rollback.go); empty if nothing is.
	Watch string
}

// String returns the record.
func (l LastSwitch) String() string {
	record := strings.Join([]string{l.From, l.To, instant(l.At), string(l.UID), l.Label}, "/")
	if l.Watch != "" {
		record += "/" + l.Watch
	}
	return record
}

// LastSwitch reads the record of the switch that brought traffic where it is; false if there is none.
func (s Service) LastSwitch() (LastSwitch, bool) {
	last, found := s.Moved()
	return last, found && last.To == s.Live()
}

// Moved reads the same record, wherever traffic is; false if there is none of this Service.
func (s Service) Moved() (LastSwitch, bool) {
	if !s.Exists() {
		return LastSwitch{}, false
	}
	parts := strings.SplitN(s.Annotations[LastSwitchKey], "/", 5)
	if len(parts) != 5 {
		return LastSwitch{}, false
	}
	at, err := time.Parse(time.RFC3339, parts[2])
	watch := strings.TrimPrefix(strings.TrimPrefix(parts[4], s.VersionLabel), "/")
	last := LastSwitch{From: parts[0], To: parts[1], At: at, UID: s.UID, Label: s.VersionLabel, Watch: watch}
	return last, err == nil && validWatch(watch) && last.String() == s.Annotations[LastSwitchKey]
}

// Records returns the records of the Service as they go on: what is void goes, and an ask that waits has an attempt, from now if it
// has none.
func (s Service) Records(now time.Time) map[string]string {
	records := map[string]string{}
	if last, found := s.LastSwitch(); found {
		records[LastSwitchKey] = last.String()
	}
	if recorded, found := s.Annotations[AttemptKey]; found && len(s.Errors) > 0 {
		records[AttemptKey] = recorded // What it says is known once the annotations are mended.
	} else if s.asksForSwitch() {
		records[AttemptKey] = s.Try(now).String()
	}
	return records
}

// Switched returns the record of a switch to the target.
func (s Service) Switched(now time.Time) LastSwitch {
	return LastSwitch{From: s.Live(), To: s.Target, At: now, UID: s.UID, Label: s.VersionLabel}
}

// asksForSwitch reports whether a switch is asked for that can happen. A Service that is led is not asked itself.
func (s Service) asksForSwitch() bool { return s.Leader == "" && s.Pending() && s.Switchable() }

// digest tells asks apart.
func (s Service) digest() string {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%q %q %q", s.Target, s.VersionLabel, s.Retry)
	return fmt.Sprintf("%016x", hash.Sum64())
}

func instant(at time.Time) string { return at.UTC().Format(time.RFC3339) }
