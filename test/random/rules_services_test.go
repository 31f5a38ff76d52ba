package random

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The files rules_*_test.go spell once more what docs/design.md says of Services and Deployments, apart from the code under test.

const (
	targetKey   = "bluegreen/target-version"
	labelKey    = "bluegreen/version-label"
	readyKey    = "bluegreen/ready"
	protectKey  = "bluegreen/in-use-protection"
	drainKey    = "bluegreen/drain"
	retryKey    = "bluegreen/retry"
	deadlineKey = "bluegreen/deadline"
	retireKey   = "bluegreen/retire-after"
	promoteKey  = "bluegreen/promotion"
	approvedKey = "bluegreen/approved-version"
	returnKey   = "bluegreen/auto-rollback"
	checkKey    = "bluegreen/pre-promotion-check"
	afterKey    = "bluegreen/post-promotion-check"
	phaseKey    = "bluegreen/phase"
	messageKey  = "bluegreen/message"
	attemptKey  = "bluegreen/attempt"
	switchKey   = "bluegreen/last-switch"
	checksKey   = "bluegreen/checks"

	// misspelledKey is one that bluegreen does not know.
	misspelledKey = "bluegreen/promotoin"

	// otherLabel is what some Services have in version-label. A version is under this key in the pod labels, too.
	otherLabel = "app.kubernetes.io/version"
)

var labelValue = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)

func managed(s *corev1.Service) bool {
	_, is := s.Annotations[targetKey]
	return is
}

// valid reports whether every annotation of a managed Service is.
func valid(s *corev1.Service) bool {
	for key, value := range s.Annotations {
		if strings.HasPrefix(key, "bluegreen/") && !validAnnotation(key, value) {
			return false
		}
	}
	_, checkedBefore := s.Annotations[checkKey]
	_, checkedAfter := s.Annotations[afterKey]
	window, _ := time.ParseDuration(s.Annotations[returnKey])
	return (s.Annotations[protectKey] != "disabled" || !retires(s) && !checkedBefore) && (!checkedAfter || window >= time.Minute)
}

// retires reports whether what a Service leaves goes to 0 replicas.
func retires(s *corev1.Service) bool {
	_, is := s.Annotations[retireKey]
	return is
}

func validAnnotation(key, value string) bool {
	switch key {
	case targetKey, approvedKey:
		return labelValue.MatchString(value)
	case promoteKey:
		return value == "auto" || value == "manual"
	case labelKey:
		return value == "version" || value == otherLabel
	case readyKey:
		return slices.Contains([]string{"minimum", "complete", "match-live"}, value)
	case protectKey:
		return value == "enabled" || value == "disabled"
	case drainKey, retireKey:
		after, err := time.ParseDuration(value)
		return err == nil && after >= 0
	case deadlineKey:
		deadline, err := time.ParseDuration(value)
		return err == nil && deadline > 0
	case checkKey, afterKey:
		return slices.Contains([]string{smoke, probe, "gone"}, value)
	case returnKey:
		window, err := time.ParseDuration(value)
		return err == nil && window > 10*time.Second
	}
	return key == retryKey || slices.Contains(ownKeys, key)
}

// ownKeys are those that bluegreen alone writes.
var ownKeys = []string{phaseKey, messageKey, attemptKey, switchKey, checksKey}

// sound reports whether a managed Service asks for something that could be carried out.
func sound(s *corev1.Service) bool { return valid(s) && len(s.Spec.Selector) > 0 }

// wanted returns the selector key of a Service and the version asked for, "" for none that could be carried out.
func wanted(s *corev1.Service) (key, target string) {
	if key = s.Annotations[labelKey]; key != otherLabel {
		key = "version"
	}
	if managed(s) && valid(s) {
		target = s.Annotations[targetKey]
	}
	return key, target
}

// sameAsk reports whether two states of a Service ask for the same.
func sameAsk(before, after *corev1.Service) bool {
	keyBefore, targetBefore := wanted(before)
	keyAfter, targetAfter := wanted(after)
	return managed(before) == managed(after) && keyBefore == keyAfter && targetBefore == targetAfter &&
		before.Annotations[retryKey] == after.Annotations[retryKey]
}

func pending(s *corev1.Service) bool {
	key, target := wanted(s)
	return target != "" && len(s.Spec.Selector) > 0 && s.Spec.Selector[key] != target
}

// failed reports whether bluegreen has noted that an ask has failed.
func failed(s *corev1.Service) bool { return strings.HasSuffix(s.Annotations[attemptKey], "/Failed") }

// rolledBack reports whether bluegreen has noted that traffic returned from what was asked for.
func rolledBack(s *corev1.Service) bool {
	return strings.HasSuffix(s.Annotations[attemptKey], "/RolledBack")
}

// candidate returns the selector that a pending Service will have.
func candidate(s *corev1.Service) map[string]string {
	_, target := wanted(s)
	return onVersion(s, target)
}

// onVersion returns the selector that a Service has on a version.
func onVersion(s *corev1.Service, version string) map[string]string {
	key, _ := wanted(s)
	selector := maps.Clone(s.Spec.Selector)
	selector[key] = version
	return selector
}

// goesOn reports whether a Service waits for a switch that is not given up for good.
func goesOn(s *corev1.Service) bool { return pending(s) && !rolledBack(s) }

// returning returns the version to which the traffic of a Service may return, and until when; "" for none.
func returning(s *corev1.Service) (version string, until time.Time) {
	key, _ := wanted(s)
	window, err := time.ParseDuration(s.Annotations[returnKey])
	record := strings.SplitN(s.Annotations[switchKey], "/", 4)
	if err != nil || !managed(s) || !sound(s) || len(record) < 4 || record[1] != s.Spec.Selector[key] {
		return "", time.Time{}
	}
	at, err := time.Parse(time.RFC3339, record[2])
	watched, found := strings.CutPrefix(record[3], string(s.UID)+"/"+key+"/")
	if err != nil || !found || watched == "Failed" {
		return "", time.Time{}
	}
	return record[0], at.Add(window)
}

// users returns the annotations of a Service that are not bluegreen's own.
func users(s *corev1.Service) map[string]string {
	kept := maps.Clone(s.Annotations)
	for _, key := range ownKeys {
		delete(kept, key)
	}
	return kept
}

// ownAnnotations are those that bluegreen writes to a Service.
type ownAnnotations struct{ phase, message, attempt, lastSwitch, checks string }

func ownOf(s *corev1.Service) ownAnnotations {
	of := s.Annotations
	return ownAnnotations{phase: of[phaseKey], message: of[messageKey], attempt: of[attemptKey], lastSwitch: of[switchKey],
		checks: of[checksKey]}
}

// unapproved reports whether a Service waits for approval of what it asks for, ready or not.
func unapproved(s *corev1.Service) bool {
	_, target := wanted(s)
	return pending(s) && s.Annotations[promoteKey] == "manual" && s.Annotations[approvedKey] != target
}

// rightPhase is the phase that goes with selector and ask. A Service that could not return is Failed for some time.
func rightPhase(s *corev1.Service) string {
	switch _, target := wanted(s); {
	case !managed(s):
		return ""
	case failed(s) && pending(s):
		return "Failed"
	case rolledBack(s) && pending(s):
		return "RolledBack"
	case strings.HasSuffix(s.Annotations[switchKey], "/Failed") && s.Annotations[phaseKey] == "Failed" && !pending(s) && sound(s):
		return "Failed"
	case target == "" || len(s.Spec.Selector) == 0 || pending(s):
		return "Waiting"
	default:
		return "Stable"
	}
}
