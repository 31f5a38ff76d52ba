package installation

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// AwaitWebhook waits until the API server asks the webhook about Services of a namespace.
func (c *Cluster) AwaitWebhook(ctx context.Context, namespace string) error {
	return AwaitWebhook(ctx, c.Admin, namespace)
}

// AwaitWebhook waits until the API server asks the webhook about Services of a namespace. What the API server makes of a
// configuration cannot be watched, so this tries until a dry run is answered with a phase.
func AwaitWebhook(ctx context.Context, admin client.Client, namespace string) error {
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		probe := managedService(namespace)
		err := admin.Create(ctx, probe, client.DryRunAll)
		return probe.Annotations["bluegreen/phase"] != "", err
	})
	if err != nil {
		return fmt.Errorf("the API server does not ask the webhook: %w", err)
	}
	return nil
}

// managedService returns a Service on the version that it asks for.
func managedService(namespace string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   namespace,
			Name:        "probe",
			Annotations: map[string]string{"bluegreen/target-version": "1.10"},
		},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"name": "probe", "version": "1.10"},
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
	}
}

// AwaitPolicy waits until the API server enforces the policy on a managed Service, which takes a moment after its start. The
// webhook must not answer meanwhile: it would mend the write that the policy refuses.
func (c *Cluster) AwaitPolicy(ctx context.Context, managed *corev1.Service) error {
	edit := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"selector":{"version":"in-force"}}}`))
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		return apierrors.IsForbidden(c.Admin.Patch(ctx, managed.DeepCopy(), edit, client.DryRunAll)), nil
	})
	if err != nil {
		return fmt.Errorf("the policy is not in force: %w", err)
	}
	return nil
}
