package mutate

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"gomodules.xyz/jsonpatch/v2"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
)

// DeploymentsPath is where writes that endanger Deployments in use are admitted; the webhook configuration names it.
const DeploymentsPath = "/mutate-apps-v1-deployment"

// deployments admits writes of Deployments in use that would take pods from their Services; the API server asks about no
// others (matchConditions of the webhook configuration).
type deployments struct {
	decoder    ctrladmission.Decoder
	apiReader  client.Reader
	recorder   events.EventRecorder
	controller string
}

var _ ctrladmission.Handler = &deployments{}

// ForDeployments returns the webhook for Deployments. apiReader reads from the API server: the ask may have come just before,
// and be newer than any cache. controller is the user name of bluegreen's own controller, who alone unprotects a Deployment.
func ForDeployments(scheme *runtime.Scheme, apiReader client.Reader, recorder events.EventRecorder,
	controller string) *ctrladmission.Webhook {
	return &ctrladmission.Webhook{Handler: count(DeploymentsPath, &deployments{
		decoder:    ctrladmission.NewDecoder(scheme),
		apiReader:  apiReader,
		recorder:   recorder,
		controller: controller,
	})}
}

// Handle implements admission.Handler.
func (d *deployments) Handle(ctx context.Context, request ctrladmission.Request) ctrladmission.Response {
	if request.UserInfo.Username == d.controller {
		return ctrladmission.Allowed("")
	}
	write := admission.DeploymentWrite{Old: &appsv1.Deployment{}, New: &appsv1.Deployment{}}
	if err := d.decoder.DecodeRaw(request.Object, write.New); err != nil {
		return ctrladmission.Errored(http.StatusBadRequest, fmt.Errorf("decoding the Deployment: %w", err))
	}
	if err := d.decoder.DecodeRaw(request.OldObject, write.Old); err != nil {
		return ctrladmission.Errored(http.StatusBadRequest, fmt.Errorf("decoding the stored Deployment: %w", err))
	}
	var services corev1.ServiceList
	if err := d.apiReader.List(ctx, &services, client.InNamespace(request.Namespace)); err != nil {
		return ctrladmission.Errored(http.StatusInternalServerError, fmt.Errorf("looking up the Services that the Deployment serves: %w", err))
	}
	write.Services = bluegreen.ReadAll(services.Items)
	answer := admission.AdmitDeployment(write)
	tell(d.recorder, request, write.Old, answer.NotStored)
	return keeping(write.New, answer)
}

// keeping allows a write, without what would end the Deployment's service.
func keeping(written *appsv1.Deployment, answer admission.DeploymentAnswer) ctrladmission.Response {
	var operations []jsonpatch.JsonPatchOperation
	stored := answer.Deployment
	if !ptr.Equal(stored.Spec.Replicas, written.Spec.Replicas) {
		operations = append(operations, set("/spec/replicas", stored.Spec.Replicas))
	}
	if stored.Spec.Paused != written.Spec.Paused {
		operations = append(operations, set("/spec/paused", stored.Spec.Paused))
	}
	if !maps.Equal(stored.Annotations, written.Annotations) {
		operations = append(operations, set("/metadata/annotations", stored.Annotations))
	}
	if !slices.Equal(stored.Finalizers, written.Finalizers) {
		operations = append(operations, set("/metadata/finalizers", stored.Finalizers))
	}
	if !reflect.DeepEqual(stored.ManagedFields, written.ManagedFields) {
		operations = append(operations, set("/metadata/managedFields", stored.ManagedFields))
	}
	return ctrladmission.Patched("", operations...).WithWarnings(answer.Warnings...)
}
