package mutate

import (
	"context"
	"fmt"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// DeploymentsPath is where scale-downs of Deployments in use are admitted; the webhook configuration names it.
const DeploymentsPath = "/mutate-apps-v1-deployment"

// deployments admits writes that take a Deployment in use to 0 replicas; the API server asks about no others
// (matchConditions of the webhook configuration).
type deployments struct {
	decoder admission.Decoder
	live    client.Reader
}

var _ admission.Handler = &deployments{}

// ForDeployments returns the webhook for Deployments. live reads from the API server: the ask may be in the same breath, and
// newer than any cache.
func ForDeployments(scheme *runtime.Scheme, live client.Reader) *admission.Webhook {
	return &admission.Webhook{Handler: &deployments{decoder: admission.NewDecoder(scheme), live: live}}
}

// Handle implements admission.Handler.
func (d *deployments) Handle(ctx context.Context, request admission.Request) admission.Response {
	scaleDown := bluegreen.ScaleDown{Old: &appsv1.Deployment{}, New: &appsv1.Deployment{}}
	if err := d.decoder.DecodeRaw(request.Object, scaleDown.New); err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("decoding the Deployment: %w", err))
	}
	if err := d.decoder.DecodeRaw(request.OldObject, scaleDown.Old); err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("decoding the stored Deployment: %w", err))
	}
	var list corev1.ServiceList
	if err := d.live.List(ctx, &list, client.InNamespace(request.Namespace)); err != nil {
		return admission.Errored(http.StatusInternalServerError, fmt.Errorf("looking up the Services that the Deployment serves: %w", err))
	}
	scaleDown.Services = bluegreen.Pointers(list.Items)
	held, warning, ok := scaleDown.Held()
	if !ok {
		return admission.Allowed("")
	}
	return admission.Patched("",
		set("/spec/replicas", held.Spec.Replicas),
		set("/metadata/annotations", held.Annotations),
	).WithWarnings(warning)
}
