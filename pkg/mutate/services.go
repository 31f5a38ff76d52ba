// Package mutate is the mutating webhooks: they ask package admission what becomes of a write, and answer the API server.
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
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
)

// ServicesPath is where writes of Services are admitted; the webhook configuration names it.
const ServicesPath = "/mutate-v1-service"

// services admits writes of Services. It is no admission.Defaulter because those cannot warn.
type services struct {
	decoder    ctrladmission.Decoder
	apiReader  client.Reader
	recorder   events.EventRecorder
	controller string
	protection bool
	checks     bool
}

var _ ctrladmission.Handler = &services{}

// ForServices returns the webhook for Services. apiReader reads from the API server; controller is the user name of bluegreen's
// own controller, the only one who moves traffic; protection reports whether the installation protects Deployments in use, and checks
// whether it may run Jobs.
func ForServices(scheme *runtime.Scheme, apiReader client.Reader, recorder events.EventRecorder, controller string,
	protection, checks bool) *ctrladmission.Webhook {
	return &ctrladmission.Webhook{Handler: count(ServicesPath, &services{
		decoder:    ctrladmission.NewDecoder(scheme),
		apiReader:  apiReader,
		recorder:   recorder,
		controller: controller,
		protection: protection,
		checks:     checks,
	})}
}

// Handle implements admission.Handler.
func (s *services) Handle(ctx context.Context, request ctrladmission.Request) ctrladmission.Response {
	if request.Operation != admissionv1.Create && request.Operation != admissionv1.Update {
		return ctrladmission.Allowed("")
	}
	write, err := s.read(request)
	if err != nil {
		return ctrladmission.Errored(http.StatusBadRequest, err)
	}
	if write.EndsProtection() {
		if write, err = s.withWhatServes(ctx, write); err != nil {
			return ctrladmission.Errored(http.StatusInternalServerError, fmt.Errorf("looking up what serves: %w", err))
		}
	}
	answer := admission.AdmitService(write)
	if len(answer.Errors) > 0 {
		return invalid(write.New, answer)
	}
	if write.Old.Exists() {
		countHeld(request, write, answer)
		tell(s.recorder, request, write.Old.Service, answer.NotStored)
	}
	return patched(write.New, answer)
}

// withWhatServes returns a write with the Deployments of the namespace and the followers of the Service.
func (s *services) withWhatServes(ctx context.Context, write admission.ServiceWrite) (admission.ServiceWrite, error) {
	var deployments appsv1.DeploymentList
	if err := s.apiReader.List(ctx, &deployments, client.InNamespace(write.Old.Namespace)); err != nil {
		return write, err
	}
	var services corev1.ServiceList
	if err := s.apiReader.List(ctx, &services, client.InNamespace(write.Old.Namespace)); err != nil {
		return write, err
	}
	for i := range deployments.Items {
		write.Deployments = append(write.Deployments, &deployments.Items[i])
	}
	write.Followers = bluegreen.FollowersOf(write.Old, bluegreen.ReadAll(services.Items))
	return write, nil
}

// read reads what the writer wants, and what is stored.
func (s *services) read(request ctrladmission.Request) (admission.ServiceWrite, error) {
	write := admission.ServiceWrite{ByController: request.UserInfo.Username == s.controller, Protection: s.protection, Checks: s.checks}
	wanted := &corev1.Service{}
	if err := s.decoder.DecodeRaw(request.Object, wanted); err != nil {
		return write, fmt.Errorf("decoding the Service: %w", err)
	}
	if request.Operation == admissionv1.Update {
		stored := &corev1.Service{}
		if err := s.decoder.DecodeRaw(request.OldObject, stored); err != nil {
			return write, fmt.Errorf("decoding the stored Service: %w", err)
		}
		if request.SubResource == "status" {
			// The API server ignores the spec of such a write, whatever it says.
			wanted.Spec = *stored.Spec.DeepCopy()
		}
		write.Old = bluegreen.Read(stored)
	}
	write.New = bluegreen.Read(wanted)
	return write, nil
}

// invalid rejects a write: 422, with field, value and menu.
func invalid(service bluegreen.Service, answer admission.ServiceAnswer) ctrladmission.Response {
	status := apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Service").GroupKind(), service.Name, answer.Errors).Status()
	response := ctrladmission.Denied("")
	response.Result = &status
	return response
}

// patched allows a write, with the fields replaced that the answer changes. The patch is written field by field, not
// computed from the whole object, so that a field this binary's Kubernetes libraries do not know yet is never touched.
func patched(wanted bluegreen.Service, answer admission.ServiceAnswer) ctrladmission.Response {
	var operations []jsonpatch.JsonPatchOperation
	stored := answer.Service
	if !maps.Equal(wanted.Spec.Selector, stored.Spec.Selector) {
		operations = append(operations, set("/spec/selector", stored.Spec.Selector))
	}
	if !maps.Equal(wanted.Annotations, stored.Annotations) {
		operations = append(operations, set("/metadata/annotations", stored.Annotations))
	}
	if !reflect.DeepEqual(wanted.ManagedFields, stored.ManagedFields) {
		operations = append(operations, set("/metadata/managedFields", stored.ManagedFields))
	}
	return ctrladmission.Patched("", operations...).WithWarnings(answer.Warnings...)
}

// set returns the patch operation that gives a field its value, whether it has one or not.
func set(path string, value any) jsonpatch.JsonPatchOperation {
	return jsonpatch.NewOperation("add", path, value)
}
