package mutate

import (
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// dry is a request that is not carried out.
func dry(r admission.Request) admission.Request {
	r.DryRun = new(true)
	return r
}

func TestAnEventTellsWhatAWriteAskedForInVain(t *testing.T) {
	const (
		selector = "Warning NotStored bluegreen: spec.selector[version]: traffic stays on version 1.10, because only bluegreen/target-version " +
			`(now "1.10") moves it; to switch: kubectl annotate service nginx -n shop bluegreen/target-version=1.11 --overwrite`
		phase = `Warning NotStored bluegreen: metadata.annotations[bluegreen/phase]: is written by bluegreen alone; "Waiting" is not stored`
	)
	forged := strings.Replace(atRest, "Stable", "Waiting", 1)
	for name, test := range map[string]struct {
		request admission.Request
		want    []string
	}{
		"a selector that nobody asks for": {update(serviceJSON(atRest, blue), serviceJSON(atRest, green)), []string{selector}},
		"the same, as a dry run":          {dry(update(serviceJSON(atRest, blue), serviceJSON(atRest, green))), nil},
		"bluegreen's own annotation":      {update(serviceJSON(atRest, blue), serviceJSON(forged, blue)), []string{phase}},
		"a Service that is created":       {request(admissionv1.Create, "", serviceJSON(forged, blue)), nil},
		"an ask":                          {update(serviceJSON(atRest, blue), serviceJSON(asks, green)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, told := handleAndTell(test.request); !slices.Equal(told, test.want) {
				t.Errorf("got  %q\nwant %q", told, test.want)
			}
		})
	}
}

func TestAnEventTellsOfAFinalizerThatIsPutBack(t *testing.T) {
	bare := strings.Replace(deploymentJSON("3"), `"finalizers":["bluegreen/in-use-protection"],`, "", 1)
	live := namespace(Service(Asks("1.10")))
	_, told := handleDeploymentAndTell(live, update(deploymentJSON("3"), bare))
	if len(told) != 1 || !strings.HasPrefix(told[0], "Warning NotStored bluegreen: metadata.finalizers: keeps ") {
		t.Errorf("got %q", told)
	}
	if _, told := handleDeploymentAndTell(live, dry(update(deploymentJSON("3"), bare))); len(told) > 0 {
		t.Errorf("a dry run: %q", told)
	}
	if _, told := handleDeploymentAndTell(namespace(Service(Asks("1.11"))), update(deploymentJSON("3"), deploymentJSON("0"))); len(told) > 0 {
		t.Errorf("a scale-down, which the controller sees held: %q", told)
	}
}
