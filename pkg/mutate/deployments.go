package mutate

import (
	"context"
	"fmt"
	"net/http"

	"gomodules.xyz/jsonpatch/v2"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// DeploymentsPath is where writes that endanger Deployments in use are admitted; the webhook configuration names it.
const DeploymentsPath = "/mutate-apps-v1-deployment"

// deployments admits writes that take a Deployment in use to 0 replicas, or its finalizer off; the API server asks about no
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
	var list corev1.ServiceList
	if err := d.live.List(ctx, &list, client.InNamespace(request.Namespace)); err != nil {
		return admission.Errored(http.StatusInternalServerError, fmt.Errorf("looking up the Services that the Deployment serves: %w", err))
	}
	write.Services = bluegreen.Pointers(list.Items)
	return keeping(write)
}

// keeping allows a write, without what would end the Deployment's service.
func keeping(write bluegreen.DeploymentWrite) admission.Response {
	var operations []jsonpatch.JsonPatchOperation
	var warnings []string
	if held, warning, ok := write.Held(); ok {
		operations = append(operations, set("/spec/replicas", held.Spec.Replicas), set("/metadata/annotations", held.Annotations))
		warnings = append(warnings, warning)
	}
	if finalizers, warning, ok := write.Restored(); ok {
		operations = append(operations, set("/metadata/finalizers", finalizers))
		warnings = append(warnings, warning)
	}
	return admission.Patched("", operations...).WithWarnings(warnings...)
}
