package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
)

// disowned returns the managed fields of a Service that bluegreen has written as the webhook leaves them, and whether that is how they
// were stored: then the webhook has admitted the write.
func disowned(written *corev1.Service) (entries []metav1.ManagedFieldsEntry, admitted bool) {
	entries = admission.Disown(written.ManagedFields)
	return entries, equality.Semantic.DeepEqual(entries, written.ManagedFields)
}

// ReachesWebhook reports whether the API server asks the webhook about a write of a managed Service: a dry run of one of bluegreen's own.
// It carries no resourceVersion: others may write the Service at that moment.
func (c *Cluster) ReachesWebhook(ctx context.Context, name client.ObjectKey) (bool, error) {
	patch, err := rawPatch(types.MergePatchType, map[string]any{"metadata": metadata{"annotations": metadata{
		bluegreen.MessageKey: "bluegreen looks whether the API server reaches its webhook",
	}}})
	if err != nil {
		return false, err
	}
	service := &corev1.Service{}
	service.Namespace, service.Name = name.Namespace, name.Name
	if err := c.Client.Patch(ctx, service, patch, client.DryRunAll); err != nil {
		return false, fmt.Errorf("writing Service %s as a dry run: %w", name, err)
	}
	if !bluegreen.Read(service).Managed {
		return false, fmt.Errorf("looking at Service %s: it is not managed any more", name)
	}
	_, admitted := disowned(service)
	return admitted, nil
}
