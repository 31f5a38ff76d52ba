package random

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mayConflict: updates of what has changed since, and appliers of different words. Whoever annotates, patches or is
// bluegreen makes no applier conflict about what is asked for, once the webhook has seen it.
func (w *world) mayConflict(this *write, err error) bool {
	if !strings.Contains(this.what, "apply of") || !w.disowned[this.id.ObjectKey] {
		return true
	}
	return !slices.ContainsFunc(err.(apierrors.APIStatus).Status().Details.Causes, func(cause metav1.StatusCause) bool {
		return byUpdater.MatchString(cause.Message) && contestedField.MatchString(cause.Field)
	})
}

var (
	byUpdater      = regexp.MustCompile(`^conflict with "[^"]*" .*using `) // An updater's API version is told, an applier's is not.
	contestedField = regexp.MustCompile(`(selector|bluegreen/(target-version|phase|message))$`)
)

// noteOwners notes whether the webhook has seen that no updater owns what an applier may contest.
func (w *world) noteOwners(this *write) {
	if s, is := this.answer.(*corev1.Service); is && !this.dryRun {
		w.disowned[this.id.ObjectKey] = this.serving && managed(s) && disowned(s)
	}
}

// disowned says whether no updater owns a contested field.
func disowned(s *corev1.Service) bool {
	return !slices.ContainsFunc(s.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.FieldsV1 != nil &&
			contested.Match(entry.FieldsV1.GetRawBytes())
	})
}

var contested = regexp.MustCompile(`"f:(selector|bluegreen/(target-version|phase|message))"`)
