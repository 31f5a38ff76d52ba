// Package mutate is the mutating webhooks: they ask pkg/bluegreen what becomes of a write and answer the API server.
package mutate

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"

	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// ServicesPath is where writes of Services are admitted; the webhook configuration names it.
const ServicesPath = "/mutate-v1-service"

// services admits writes of Services. It is no admission.Defaulter because those cannot warn.
type services struct {
	decoder    admission.Decoder
	live       client.Reader
	controller string
}

var _ admission.Handler = &services{}

// ForServices returns the webhook for Services. live reads from the API server; controller is the user name of bluegreen's
// own controller, the only one who moves traffic.
func ForServices(scheme *runtime.Scheme, live client.Reader, controller string) *admission.Webhook {
	return &admission.Webhook{Handler: &services{decoder: admission.NewDecoder(scheme), live: live, controller: controller}}
}

// Handle implements admission.Handler.
func (s *services) Handle(ctx context.Context, request admission.Request) admission.Response {
	if request.Operation != admissionv1.Create && request.Operation != admissionv1.Update {
		return admission.Allowed("")
	}
	write, err := s.decode(request)
	if err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if write.LetsGo() {
		var list appsv1.DeploymentList
		if err := s.live.List(ctx, &list, client.InNamespace(request.Namespace)); err != nil {
			return admission.Errored(http.StatusInternalServerError, fmt.Errorf("looking up what serves: %w", err))
		}
		write.Deployments = bluegreen.Pointers(list.Items)
	}
	answer := bluegreen.Admit(write)
	if len(answer.Errors) > 0 {
		return invalid(write.New, answer)
	}
	return patched(write.New, answer)
}

func (s *services) decode(request admission.Request) (bluegreen.Write, error) {
	write := bluegreen.Write{New: &corev1.Service{}, ByController: request.UserInfo.Username == s.controller}
	if err := s.decoder.DecodeRaw(request.Object, write.New); err != nil {
		return write, fmt.Errorf("decoding the Service: %w", err)
	}
	if request.Operation == admissionv1.Create {
		return write, nil
	}
	write.Old = &corev1.Service{}
	if err := s.decoder.DecodeRaw(request.OldObject, write.Old); err != nil {
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
	if !maps.Equal(service.Spec.Selector, answer.Service.Spec.Selector) {
		operations = append(operations, set("/spec/selector", answer.Service.Spec.Selector))
	}
	if !maps.Equal(service.Annotations, answer.Service.Annotations) {
		operations = append(operations, set("/metadata/annotations", answer.Service.Annotations))
	}
	if !reflect.DeepEqual(service.ManagedFields, answer.Service.ManagedFields) {
		operations = append(operations, set("/metadata/managedFields", answer.Service.ManagedFields))
	}
	return admission.Patched("", operations...).WithWarnings(answer.Warnings...)
}

// set is the patch operation that gives a field its value, whether it has one or not.
func set(path string, value any) jsonpatch.JsonPatchOperation {
	return jsonpatch.NewOperation("add", path, value)
}
