package random

import (
	"errors"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	// byUpdater matches a conflict with an updater. The API server tells an updater's API version, and none of an applier.
	byUpdater      = regexp.MustCompile(`^conflict with "[^"]*" .*using `)
	contestedField = regexp.MustCompile(`(selector|bluegreen/(target-version|phase|message))$`)
	ownsContested  = regexp.MustCompile(`"f:(selector|bluegreen/(target-version|phase|message))"`)
)

// mayConflict reports whether a write may have met this conflict. Updates of what has changed since may, and appliers of different
// words. Whoever annotates, patches or is bluegreen makes no applier conflict about an ask, once the webhook has seen it.
func (w *world) mayConflict(this *write, err error) bool {
	if !this.isApply() || !w.disowned[this.id.ObjectKey] {
		return true
	}
	var status apierrors.APIStatus
	return errors.As(err, &status) && !slices.ContainsFunc(status.Status().Details.Causes, func(cause metav1.StatusCause) bool {
		return byUpdater.MatchString(cause.Message) && contestedField.MatchString(cause.Field)
	})
}

// noteOwners notes whether the webhook has seen that no updater owns what an applier may contest.
func (w *world) noteOwners(this *write) {
	if s, is := this.answer.(*corev1.Service); is && !this.dryRun {
		w.disowned[this.id.ObjectKey] = this.serving && managed(s) && disowned(s)
	}
}

// disowned reports whether no updater owns a contested field.
func disowned(s *corev1.Service) bool {
	return !slices.ContainsFunc(s.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.FieldsV1 != nil &&
			ownsContested.Match(entry.FieldsV1.GetRawBytes())
	})
}
