package walks

import (
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// What docs/design.md says of Services and Deployments, spelled once more for the rules.

const (
	targetKey    = "bluegreen/target-version"
	labelKey     = "bluegreen/version-label"
	readyKey     = "bluegreen/ready"
	protectKey   = "bluegreen/in-use-protection"
	drainKey     = "bluegreen/drain"
	retryKey     = "bluegreen/retry"
	promotionKey = "bluegreen/promotion"
	approvedKey  = "bluegreen/approved-version"
	deadlineKey  = "bluegreen/deadline"
	rollbackKey  = "bluegreen/auto-rollback"
	retireKey    = "bluegreen/retire-after"
	followsKey   = "bluegreen/follows"
	previewKey   = "bluegreen/preview-of"

	phaseKey   = "bluegreen/phase"
	messageKey = "bluegreen/message"
	attemptKey = "bluegreen/attempt"
	switchKey  = "bluegreen/last-switch"

	finalizer   = "bluegreen/in-use-protection"
	servesKey   = "bluegreen/serves"
	resumeKey   = "bluegreen/resume-after"
	downKey     = "bluegreen/scale-to-zero-after"
	leftKey     = "bluegreen/left"
	revisionKey = "deployment.kubernetes.io/revision"
)

var (
	ownKeys  = []string{phaseKey, messageKey, attemptKey, switchKey, checksKey}
	noteKeys = []string{servesKey, resumeKey, downKey, leftKey}

	// quarter is the strategy that the API server gives a Deployment.
	quarter = appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{
		MaxUnavailable: new(intstr.FromString("25%")), MaxSurge: new(intstr.FromString("25%"))}}
)

// has reports whether labels include all of a selector, which is not empty.
func has(labels, selector map[string]string) bool {
	for key, value := range selector {
		if carried, set := labels[key]; !set || carried != value {
			return false
		}
	}
	return len(selector) > 0
}

// pairs reads labels, as a note has them.
func pairs(note string) map[string]string {
	found := map[string]string{}
	for pair := range strings.SplitSeq(note, ",") {
		if key, value, set := strings.Cut(pair, "="); set {
			found[key] = value
		}
	}
	return found
}

func managedBy(annotations map[string]string) bool {
	return slices.ContainsFunc(asks, func(key string) bool { _, set := annotations[key]; return set })
}

func managed(service *corev1.Service) bool { return service != nil && managedBy(service.Annotations) }

func versionLabel(annotations map[string]string) string {
	if label, set := annotations[labelKey]; set && label != "" && !strings.ContainsAny(label, " !") {
		return label
	}
	return "version"
}

// live returns the version that a Service is on.
func live(service *corev1.Service) string {
	return service.Spec.Selector[versionLabel(service.Annotations)]
}

// onVersion returns the selector that a Service has on a version.
func onVersion(service *corev1.Service, version string) map[string]string {
	selector := maps.Clone(service.Spec.Selector)
	if selector == nil {
		selector = map[string]string{}
	}
	selector[versionLabel(service.Annotations)] = version
	return selector
}

// sound reports whether a Service is managed, and asks for something that could be carried out.
func (w *world) sound(service *corev1.Service) bool {
	return managed(service) && len(w.read(service).Errors) == 0 && len(service.Spec.Selector) > 0
}

func leaderOf(service *corev1.Service) string {
	if _, asked := service.Annotations[targetKey]; asked {
		return ""
	}
	if leader, follows := service.Annotations[followsKey]; follows {
		return leader
	}
	return service.Annotations[previewKey]
}

func isPreview(service *corev1.Service) bool {
	_, preview := service.Annotations[previewKey]
	return preview && leaderOf(service) == service.Annotations[previewKey]
}

// due returns the version that a Service is to be on, in a namespace; empty for none.
func (w *world) due(service *corev1.Service, all objects) string {
	if !w.sound(service) {
		return ""
	}
	if leaderOf(service) == "" {
		return service.Annotations[targetKey]
	}
	leader := all.at(leaderOf(service))
	switch {
	case leader == nil || !w.sound(leader) || leaderOf(leader) != "":
		return ""
	case isPreview(service):
		return leader.Annotations[targetKey]
	default:
		return live(leader)
	}
}

// pending reports whether a Service that is asked for a version itself is not on it.
func (w *world) pending(service *corev1.Service) bool {
	return w.sound(service) && leaderOf(service) == "" && live(service) != service.Annotations[targetKey]
}

// ask is what a Service is asked for, and which one.
type ask struct {
	uid types.UID
	of  [5]string
}

// askOf returns the ask of a Service. An empty retry is none.
func askOf(service *corev1.Service) ask {
	found := ask{uid: service.UID}
	for i, key := range askedBy {
		found.of[i] = service.Annotations[key]
	}
	return found
}

// sameAsk reports whether two states of a Service ask for the same.
func sameAsk(before, after *corev1.Service) bool { return askOf(before) == askOf(after) }

// approved reports whether nobody's approval is missing.
func approved(service *corev1.Service) bool {
	return service.Annotations[promotionKey] != "manual" || service.Annotations[approvedKey] == service.Annotations[targetKey]
}

// givenUp returns how the ask of a Service ended: Failed, RolledBack, or empty. What bluegreen recorded of another ask does not count.
func (w *world) givenUp(service *corev1.Service) string {
	recorded := service.Annotations[attemptKey]
	if end := ended(recorded); end != "" && w.pending(service) && w.ledger.ended[recorded] == askOf(service) {
		return end
	}
	return ""
}

// ended returns how an attempt ended, empty if it has not.
func ended(attempt string) string {
	for _, end := range []string{"Failed", "RolledBack"} {
		if strings.HasSuffix(attempt, "/"+end) {
			return end
		}
	}
	return ""
}

// record is a last switch: from where, to where, when, and what is watched.
type record struct {
	from, to, watch string
	at              time.Time
}

// recordOf reads the last switch of a Service; false if there is none of it.
func recordOf(service *corev1.Service) (record, bool) {
	parts := strings.SplitN(service.Annotations[switchKey], "/", 6)
	if len(parts) < 5 || parts[3] != string(service.UID) || parts[4] != versionLabel(service.Annotations) {
		return record{}, false
	}
	at, err := time.Parse(time.RFC3339, parts[2])
	read := record{from: parts[0], to: parts[1], at: at}
	if len(parts) == 6 {
		read.watch = parts[5]
	}
	return read, err == nil && read.to == live(service)
}

// users returns the annotations of an object that are not bluegreen's own.
func users(annotations map[string]string, own []string) map[string]string {
	kept := maps.Clone(annotations)
	for _, key := range own {
		delete(kept, key)
	}
	return kept
}

func notes(deployment *appsv1.Deployment) map[string]string {
	found := map[string]string{}
	for _, key := range noteKeys {
		if value, set := deployment.Annotations[key]; set {
			found[key] = value
		}
	}
	return found
}

// option returns a Service's option that is a duration; false if there is none. A follower has its leader's.
func (w *world) option(service *corev1.Service, key string, all objects) (time.Duration, bool) {
	if leader := leaderOf(service); leader != "" {
		if service = all.at(leader); service == nil || !w.sound(service) {
			return 0, false
		}
	}
	read, err := time.ParseDuration(service.Annotations[key])
	return read, err == nil
}

// protects reports whether a Service has its Deployments kept.
func (w *world) protects(service *corev1.Service, all objects) bool {
	if !managed(service) || len(service.Spec.Selector) == 0 || isPreview(service) {
		return false
	}
	if leader := all.at(leaderOf(service)); leader != nil && w.sound(leader) && w.sound(service) {
		service = leader
	}
	return service.Annotations[protectKey] != "disabled"
}
