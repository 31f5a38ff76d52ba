package installation

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ObserveGenerations plays a part of the Deployment controller until the context ends: what was reported of a generation is reported
// of the next one that differs in annotations only. Every note of bluegreen's makes such a generation.
func (c *Cluster) ObserveGenerations(ctx context.Context) error {
	watcher, err := c.Admin.Watch(ctx, &appsv1.DeploymentList{})
	if err != nil {
		return err
	}
	go func() {
		specs := specsByGeneration{}
		for event := range watcher.ResultChan() {
			if deployment, is := event.Object.(*appsv1.Deployment); is && specs.observe(deployment) {
				_ = c.observeGeneration(ctx, deployment) // A write that comes first brings another event.
			}
		}
	}()
	return nil
}

func (c *Cluster) observeGeneration(ctx context.Context, deployment *appsv1.Deployment) error {
	patch := fmt.Appendf(nil, `{"metadata":{"resourceVersion":%q},"status":{"observedGeneration":%d}}`,
		deployment.ResourceVersion, deployment.Generation)
	return c.Admin.Status().Patch(ctx, deployment.DeepCopy(), client.RawPatch(types.MergePatchType, patch))
}

type specsByGeneration map[types.UID]map[int64]appsv1.DeploymentSpec

// observe remembers the spec of a Deployment, and reports whether its status tells of an earlier generation with the same spec.
func (s specsByGeneration) observe(deployment *appsv1.Deployment) bool {
	specs := s[deployment.UID]
	if specs == nil {
		specs = map[int64]appsv1.DeploymentSpec{}
		s[deployment.UID] = specs
	}
	specs[deployment.Generation] = deployment.Spec
	observed := deployment.Status.ObservedGeneration
	reported, known := specs[observed]
	return known && observed != deployment.Generation && equality.Semantic.DeepEqual(reported, deployment.Spec)
}
