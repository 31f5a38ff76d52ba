package command

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
)

// ask finds out whether the API server asks a webhook about Services of the namespaces that a selector matches; nil matches all. It
// writes a managed Service as a dry run, or, without any, a new one; preferably in the namespace that the flags name.
func (i inspection) ask(ctx context.Context, facts soundness.Facts, selector *metav1.LabelSelector) soundness.Read[soundness.Asked] {
	if facts.Services.Err != nil {
		return soundness.Read[soundness.Asked]{Err: facts.Services.Err}
	}
	in, err := i.matching(ctx, selector)
	if err != nil {
		return soundness.Read[soundness.Asked]{Err: err}
	}
	services := soundness.Managed(facts.Services.Value)
	slices.SortStableFunc(services, func(a, b bluegreen.Service) int { return i.distance(a) - i.distance(b) })
	for _, service := range services {
		if len(service.Errors) == 0 && service.DeletionTimestamp == nil && (in == nil || slices.Contains(in, service.Namespace)) {
			return i.askByUpdate(ctx, service)
		}
	}
	switch {
	case in == nil || slices.Contains(in, i.namespace):
		return i.askByCreate(ctx, i.namespace)
	case len(in) == 0:
		return soundness.Read[soundness.Asked]{Err: errors.New("the webhook configuration matches no namespace")}
	default:
		return i.askByCreate(ctx, in[0])
	}
}

// distance is 0 for a Service in the namespace that the flags name, where whoever looks is likeliest to have the right to write.
func (i inspection) distance(service bluegreen.Service) int {
	if service.Namespace == i.namespace {
		return 0
	}
	return 1
}

// matching returns the namespaces that a selector matches; nil for all.
func (i inspection) matching(ctx context.Context, selector *metav1.LabelSelector) ([]string, error) {
	if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		return nil, nil
	}
	list, err := i.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(selector)})
	if err != nil {
		return nil, err
	}
	matching := []string{}
	for _, namespace := range list.Items {
		matching = append(matching, namespace.Name)
	}
	return matching, nil
}

// probe is what is written. The webhook puts it back, for bluegreen alone writes there.
const probe = "kubectl bluegreen check looks whether the API server asks the webhook"

func (i inspection) askByUpdate(ctx context.Context, service bluegreen.Service) soundness.Read[soundness.Asked] {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{bluegreen.MessageKey: probe}}})
	if err != nil {
		return soundness.Read[soundness.Asked]{Err: err}
	}
	written, err := i.CoreV1().Services(service.Namespace).Patch(ctx, service.Name, types.MergePatchType, patch,
		metav1.PatchOptions{FieldManager: fieldManager, DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return soundness.Read[soundness.Asked]{Err: err}
	}
	return soundness.Read[soundness.Asked]{Value: soundness.Asked{
		Write:   "write of Service " + service.Namespace + "/" + service.Name + ", a dry run",
		Webhook: written.Annotations[bluegreen.MessageKey] != probe,
	}}
}

func (i inspection) askByCreate(ctx context.Context, namespace string) soundness.Read[soundness.Asked] {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "bluegreen-check-", Annotations: map[string]string{bluegreen.TargetVersion: "1"}},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"name": "bluegreen-check", "version": "1"},
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
	}
	written, err := i.CoreV1().Services(namespace).Create(ctx, service,
		metav1.CreateOptions{FieldManager: fieldManager, DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return soundness.Read[soundness.Asked]{Err: err}
	}
	return soundness.Read[soundness.Asked]{Value: soundness.Asked{
		Write:   "creation of a Service in namespace " + namespace + ", a dry run",
		Webhook: written.Annotations[bluegreen.PhaseKey] != "",
	}}
}
