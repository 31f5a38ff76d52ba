// Package mutate is the mutating webhook: it asks pkg/bluegreen what becomes of a write and answers the API server.
package mutate

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"

	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Path is where the webhook is served; the webhook configuration names it.
const Path = "/mutate-v1-service"

// webhook admits writes of Services. It is no admission.Defaulter because those cannot warn.
type webhook struct {
	decoder    admission.Decoder
	controller string
}

var _ admission.Handler = &webhook{}

// New returns the webhook. controller is the user name of bluegreen's own controller, the only one who moves traffic.
func New(scheme *runtime.Scheme, controller string) *admission.Webhook {
	return &admission.Webhook{Handler: &webhook{decoder: admission.NewDecoder(scheme), controller: controller}}
}

// Handle implements admission.Handler.
func (w *webhook) Handle(_ context.Context, request admission.Request) admission.Response {
	if request.Operation != admissionv1.Create && request.Operation != admissionv1.Update {
		return admission.Allowed("")
	}
	write, err := w.decode(request)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	answer := bluegreen.Admit(write)
	if len(answer.Errors) > 0 {
		return invalid(write.New, answer)
	}
	return patched(write.New, answer)
}

func (w *webhook) decode(request admission.Request) (bluegreen.Write, error) {
	write := bluegreen.Write{New: &corev1.Service{}, ByController: request.UserInfo.Username == w.controller}
	if err := w.decoder.DecodeRaw(request.Object, write.New); err != nil {
		return write, fmt.Errorf("decoding the Service: %w", err)
	}
	if request.Operation == admissionv1.Create {
		return write, nil
	}
	write.Old = &corev1.Service{}
	if err := w.decoder.DecodeRaw(request.OldObject, write.Old); err != nil {
		return write, fmt.Errorf("decoding the stored Service: %w", err)
	}
	if request.SubResource == "status" {
		// The API server ignores the spec of such a write, whatever it says.
		write.New.Spec = *write.Old.Spec.DeepCopy()
	}
	return write, nil
}

// invalid refuses a write: 422, with field, value and menu.
func invalid(service *corev1.Service, answer bluegreen.Answer) admission.Response {
	status := apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Service").GroupKind(), service.Name, answer.Errors).Status()
	response := admission.Denied("")
	response.Result = &status
	return response
}

// patched allows a write, with the fields replaced that the answer changes. The patch is written field by field, not
// computed from the whole object, so that a field this binary's Kubernetes libraries do not know yet is never touched.
func patched(service *corev1.Service, answer bluegreen.Answer) admission.Response {
	var operations []jsonpatch.JsonPatchOperation
	replace := func(path string, value any) {
		operations = append(operations, jsonpatch.NewOperation("add", path, value))
	}
	if !maps.Equal(service.Spec.Selector, answer.Service.Spec.Selector) {
		replace("/spec/selector", answer.Service.Spec.Selector)
	}
	if !maps.Equal(service.Annotations, answer.Service.Annotations) {
		replace("/metadata/annotations", answer.Service.Annotations)
	}
	if !reflect.DeepEqual(service.ManagedFields, answer.Service.ManagedFields) {
		replace("/metadata/managedFields", answer.Service.ManagedFields)
	}
	return admission.Patched("", operations...).WithWarnings(answer.Warnings...)
}
