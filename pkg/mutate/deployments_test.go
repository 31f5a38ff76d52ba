package mutate

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// deploymentJSON is a Deployment as the API server sends it, with a field of a future release.
func deploymentJSON(replicas string) string {
	return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"shop","name":"nginx-1.10","uid":"7",` +
		`"finalizers":["bluegreen/in-use-protection"],"annotations":{"example.org/a":"b"}},
		"spec":{"future":1,"replicas":` + replicas + `,"template":{"metadata":{"labels":{"name":"nginx","version":"1.10"}}}}}`
}

// scaleDown is the answer to a scale-down to 0, in a namespace with some Services.
func scaleDown(services ...client.Object) admission.Response {
	return handleDeployment(namespace(services...), update(deploymentJSON("3"), deploymentJSON("0")))
}

func TestAScaleDownIsHeldByAPatchOfReplicasAndOneAnnotation(t *testing.T) {
	response := scaleDown(Service(Asks("1.11")))
	const want = `[{"op":"add","path":"/spec/replicas","value":3},` +
		`{"op":"add","path":"/metadata/annotations","value":{"bluegreen/scale-to-zero-after":"nginx/7/3","example.org/a":"b"}}]`
	if !response.Allowed || string(response.Patch) != want {
		t.Errorf("allowed: %v, patch %s", response.Allowed, response.Patch)
	}
	if len(response.Warnings) != 1 || !strings.Contains(response.Warnings[0], "stays 3") {
		t.Errorf("warnings %q", response.Warnings)
	}
}

func TestHeldReplicasAreTakenFromTheirOwner(t *testing.T) {
	owned := `"managedFields":[{"manager":"helm","operation":"Apply","fieldsV1":{"f:spec":{"f:paused":{},"f:replicas":{}}}}],"annotations":{` +
		`"bluegreen/serves":"name=nginx,version=1.10",`
	stored := strings.Replace(deploymentJSON("3"), `"annotations":{`, owned, 1)
	wanted := strings.Replace(strings.Replace(deploymentJSON("5"), `"annotations":{`, owned, 1), `"version":"1.10"`, `"version":"1.12"`, 1)
	response := handleDeployment(namespace(Service(Asks("1.11"))), update(stored, wanted))
	const want = `{"op":"add","path":"/metadata/managedFields","value":` +
		`[{"manager":"helm","operation":"Apply","fieldsV1":{"f:spec":{"f:paused":{}}}}]}`
	if !response.Allowed || !strings.Contains(string(response.Patch), want) {
		t.Errorf("allowed: %v, patch %s", response.Allowed, response.Patch)
	}
}

func TestAScaleDownWithNothingPendingPasses(t *testing.T) {
	elsewhere := Service(Asks("1.11"))
	elsewhere.Namespace = "other"
	for name, services := range map[string][]client.Object{
		"at rest":              {Service(Asks("1.10"))},
		"no Service":           nil,
		"of another namespace": {elsewhere},
	} {
		if response := scaleDown(services...); !response.Allowed || len(response.Patch) > 0 || len(response.Warnings) > 0 {
			t.Errorf("%s: %+v", name, response)
		}
	}
}

func TestAScaleDownIsRefusedWhenNobodyKnowsWhetherItMay(t *testing.T) {
	failing := interceptor.NewClient(namespace(), interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("no answer")
		},
	})
	written := update(deploymentJSON("3"), deploymentJSON("0"))
	if response := handleDeployment(failing, written); response.Allowed || response.Result.Code != 500 {
		t.Errorf("%+v", response)
	}
	broken := update(deploymentJSON("3"), "{")
	if response := handleDeployment(failing, broken); response.Allowed || response.Result.Code != 400 {
		t.Errorf("%+v", response)
	}
}

func TestTheFinalizerOfWhatServesIsPutBackForAnybodyButTheController(t *testing.T) {
	bare := strings.Replace(deploymentJSON("3"), `"finalizers":["bluegreen/in-use-protection"],`, "", 1)
	written, live := update(deploymentJSON("3"), bare), namespace(Service(Asks("1.10")))
	const want = `[{"op":"add","path":"/metadata/finalizers","value":["bluegreen/in-use-protection"]}]`
	if response := handleDeployment(live, written); string(response.Patch) != want || len(response.Warnings) != 1 {
		t.Errorf("%s, %q", response.Patch, response.Warnings)
	}
	if response := handleDeployment(live, by(controllerUser, written)); !response.Allowed || len(response.Patch) > 0 {
		t.Errorf("the controller's: %+v", response)
	}
}
