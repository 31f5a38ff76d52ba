package mutate

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"gomodules.xyz/jsonpatch/v2"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// DeploymentsPath is where writes that endanger Deployments in use are admitted; the webhook configuration names it.
const DeploymentsPath = "/mutate-apps-v1-deployment"

// deployments admits writes of Deployments in use that would take pods from their Services; the API server asks about no
// others (matchConditions of the webhook configuration).
type deployments struct {
	decoder    admission.Decoder
	live       client.Reader
	controller string
}

var _ admission.Handler = &deployments{}

// ForDeployments returns the webhook for Deployments. live reads from the API server: the ask may be in the same breath, and
// newer than any cache. controller is the user name of bluegreen's own controller, who alone lets a Deployment go.
func ForDeployments(scheme *runtime.Scheme, live client.Reader, controller string) *admission.Webhook {
	return &admission.Webhook{Handler: &deployments{decoder: admission.NewDecoder(scheme), live: live, controller: controller}}
}

// Handle implements admission.Handler.
func (d *deployments) Handle(ctx context.Context, request admission.Request) admission.Response {
	if request.UserInfo.Username == d.controller {
		return admission.Allowed("")
	}
	write := bluegreen.DeploymentWrite{Old: &appsv1.Deployment{}, New: &appsv1.Deployment{}}
	if err := d.decoder.DecodeRaw(request.Object, write.New); err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("decoding the Deployment: %w", err))
	}
	if err := d.decoder.DecodeRaw(request.OldObject, write.Old); err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("decoding the stored Deployment: %w", err))
	}
	var services corev1.ServiceList
	if err := d.live.List(ctx, &services, client.InNamespace(request.Namespace)); err != nil {
		return admission.Errored(http.StatusInternalServerError, fmt.Errorf("looking up the Services that the Deployment serves: %w", err))
	}
	write.Services = bluegreen.Pointers(services.Items)
	return keeping(write.New, bluegreen.AdmitDeployment(write))
}

// keeping allows a write, without what would end the Deployment's service.
func keeping(written *appsv1.Deployment, answer bluegreen.DeploymentAnswer) admission.Response {
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
	return admission.Patched("", operations...).WithWarnings(answer.Warnings...)
}
