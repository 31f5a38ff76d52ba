package mutate

import (
	"maps"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
)

func TestAnswersAreCountedByOutcomeAndSelectorsThatAreHeld(t *testing.T) {
	answered := func(outcome string) string {
		return `bluegreen_admissions_total{outcome="` + outcome + `",webhook="/mutate-v1-service"}`
	}
	const held = `bluegreen_held_writes_total{kind="selector"}`
	for name, test := range map[string]struct {
		request admission.Request
		want    map[string]float64
	}{
		"a selector that nobody asks for": {
			request: update(serviceJSON(atRest, blue), serviceJSON(atRest, green)),
			want:    map[string]float64{answered("changed"): 1, held: 1},
		},
		"the same, as a dry run": {
			request: dry(update(serviceJSON(atRest, blue), serviceJSON(atRest, green))),
			want:    map[string]float64{answered("changed"): 1},
		},
		"an ask with its version in the selector": {
			request: update(serviceJSON(atRest, blue), serviceJSON(asks, green)),
			want:    map[string]float64{answered("changed"): 1, held: 1},
		},
		"a manifest without the version": {
			request: update(serviceJSON(atRest, blue), serviceJSON(atRest, `{"name":"nginx"}`)),
			want:    map[string]float64{answered("changed"): 1},
		},
		"a Service that is created": {
			request: request(admissionv1.Create, "", serviceJSON(strings.Replace(atRest, `"bluegreen/phase":"Stable",`, "", 1), blue)),
			want:    map[string]float64{answered("changed"): 1},
		},
		"the same again": {
			request: update(serviceJSON(atRest, blue), serviceJSON(atRest, blue)),
			want:    map[string]float64{answered("unchanged"): 1},
		},
		"a bad value": {
			request: update(serviceJSON(atRest, blue), serviceJSON(strings.Replace(atRest, "1.10", "not a label!", 1), blue)),
			want:    map[string]float64{answered("refused"): 1},
		},
		"no Service": {
			request: update(serviceJSON(atRest, blue), `{`),
			want:    map[string]float64{answered("refused"): 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			counted := metricstest.Counted(t, func() { handle(test.request) })
			if !maps.Equal(counted, test.want) {
				t.Errorf("counted %v, want %v", counted, test.want)
			}
		})
	}
}

func TestAnswersAboutDeploymentsAreCounted(t *testing.T) {
	live := namespace(Service(Asks("1.10")))
	counted := metricstest.Counted(t, func() { handleDeployment(live, update(deploymentJSON("3"), deploymentJSON("3"))) })
	want := map[string]float64{`bluegreen_admissions_total{outcome="unchanged",webhook="/mutate-apps-v1-deployment"}`: 1}
	if !maps.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}
