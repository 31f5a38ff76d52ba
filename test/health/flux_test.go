package health

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/cel"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestFluxWaitsForTheSwitch(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		want    status.Status
	}{
		"a switch is pending":     {service: service("Waiting", "waits"), want: status.InProgressStatus},
		"it is checked":           {service: service("Checking", "ready"), want: status.InProgressStatus},
		"an approval is missing":  {service: service("Paused", "ready"), want: status.InProgressStatus},
		"the ask has failed":      {service: service("Failed", "late"), want: status.FailedStatus},
		"the ask was rolled back": {service: service("RolledBack", "broke"), want: status.FailedStatus},
		"at rest":                 {service: service("Stable", ""), want: status.CurrentStatus},
		"at rest, with trouble":   {service: service("Stable", "trouble"), want: status.CurrentStatus},
		"not managed":             {service: service("", ""), want: status.CurrentStatus},
		"other annotations":       {service: service("", "no phase"), want: status.CurrentStatus},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := fluxCheck(t).Evaluate(t.Context(), &unstructured.Unstructured{Object: content(t, test.service)})
			if err != nil || result.Status != test.want {
				t.Errorf("got %+v, %v; want %s", result, err, test.want)
			}
		})
	}
}

func fluxCheck(t *testing.T) *cel.StatusEvaluator {
	t.Helper()
	var kustomization struct {
		Spec struct {
			HealthChecks     []meta.NamespacedObjectKindReference `json:"healthChecks"`
			HealthCheckExprs []kustomize.CustomHealthCheck        `json:"healthCheckExprs"`
		}
	}
	read(t, "../../examples/flux/health.yaml", &kustomization)
	if len(kustomization.Spec.HealthCheckExprs) != 1 {
		t.Fatalf("got %+v", kustomization)
	}
	evaluator, err := cel.NewStatusEvaluator(&kustomization.Spec.HealthCheckExprs[0].HealthCheckExpressions)
	if err != nil {
		t.Fatal(err)
	}
	return evaluator
}
