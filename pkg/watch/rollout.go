package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// resume lets a rollout that bluegreen paused go on, in a Deployment that stays in its keeping. The replicas come first, by the scale
// subresource, which works while it is paused: in one write with paused, they would make the next server-side apply conflict.
// Where it rolls out in place, its note stays: it serves by it until traffic moves, and is nobody's other target.
func (p *Protection) resume(ctx context.Context, step bluegreen.Step, deployment *appsv1.Deployment, services []*corev1.Service) error {
	others, err := p.others(ctx, deployment, services)
	if err != nil {
		return err
	}
	if replicas, due := bluegreen.ReplicasDue(deployment, services, others); due {
		return scale(ctx, p.client, deployment, replicas)
	}
	serves := bluegreen.Renoted(deployment, services)
	if step == bluegreen.StepRoll {
		serves = deployment.Annotations[bluegreen.Serves]
	}
	if err := goOn(ctx, p.client, deployment, serves); err != nil {
		return err
	}
	p.drains.comeBack(deployment, slotsSettle)
	p.tellResumed(deployment)
	return nil
}

// otherSlots returns how long a Deployment that is its own target waits for other slots of its Services: they may be written in the same
// breath, and be the target then. Where there are none it waits for nothing.
func (p *Protection) otherSlots(ctx context.Context, deployment *appsv1.Deployment, services []*corev1.Service) (time.Duration, error) {
	for _, service := range services {
		found, err := deploymentsOf(ctx, p.client, service)
		if err != nil {
			return 0, err
		}
		for _, other := range found {
			if other.Name != deployment.Name && len(bluegreen.LeftBy(other, services)) > 0 {
				p.drains.leave(deployment, slotsSettle)
				return p.draining(ctx, deployment, services)
			}
		}
	}
	return 0, nil
}

func (p *Protection) tellResumed(deployment *appsv1.Deployment) {
	p.recorder.Eventf(deployment, nil, corev1.EventTypeNormal, "RolloutResumed", "Resuming",
		"the rollout of its new pod labels goes on, with %d replicas, which was paused while its pods served", ptr.Deref(deployment.Spec.Replicas, 1))
}

// podsServe says whether a Deployment still has pods that one of some Services selects, which neither its template nor its note knows of:
// a template before made them. Its ReplicaSets say so, and not pods: others may carry the same labels.
func (p *Protection) podsServe(ctx context.Context, deployment *appsv1.Deployment, services []*corev1.Service) (bool, error) {
	for _, selector := range bluegreen.OwnPods(deployment, services) {
		sets := &appsv1.ReplicaSetList{}
		if err := p.live.List(ctx, sets, client.InNamespace(deployment.Namespace), client.MatchingLabels(selector)); err != nil {
			return false, fmt.Errorf("looking for pods of Deployment %s that serve: %w", deployment.Name, err)
		}
		if slices.ContainsFunc(sets.Items, func(set appsv1.ReplicaSet) bool {
			return metav1.IsControlledBy(&set, deployment) && set.Status.Replicas > 0
		}) {
			return true, nil
		}
	}
	return false, nil
}

// letOrphanerGo lets go of a Deployment under deletion whose ReplicaSets have no owner any more: somebody deleted it with
// --cascade=orphan, so its pods stay, and the next one of the name adopts them.
func (p *Protection) letOrphanerGo(ctx context.Context, deployment *appsv1.Deployment) error {
	if deployment.DeletionTimestamp == nil || !bluegreen.Protected(deployment) ||
		slices.Contains(deployment.Finalizers, metav1.FinalizerOrphanDependents) {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
	if err != nil {
		return fmt.Errorf("reading the selector of Deployment %s: %w", deployment.Name, err)
	}
	sets := &metav1.PartialObjectMetadataList{}
	sets.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSetList"))
	if err := p.live.List(ctx, sets, client.InNamespace(deployment.Namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return fmt.Errorf("looking for ReplicaSets of Deployment %s: %w", deployment.Name, err)
	}
	owned := slices.ContainsFunc(sets.Items, func(set metav1.PartialObjectMetadata) bool { return metav1.IsControlledBy(&set, deployment) })
	if owned || len(sets.Items) == 0 {
		return nil
	}
	ctrl.LoggerFrom(ctx).Info("Letting the Deployment go, which was told to leave its pods behind")
	return p.written(ctx, deployment, unprotect(ctx, p.client, deployment))
}
