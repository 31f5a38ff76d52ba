package mutate

import (
	"context"
	"errors"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// deploymentJSON is a Deployment as the API server sends it, with a field of a future release.
func deploymentJSON(replicas string) string {
	return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"shop","name":"nginx-1.10","uid":"7","finalizers":["bluegreen/in-use-protection"],"annotations":{"example.org/a":"b"}},
		"spec":{"future":1,"replicas":` + replicas + `,"template":{"metadata":{"labels":{"name":"nginx","version":"1.10"}}}}}`
}

func inShop(target string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx", Annotations: map[string]string{"bluegreen/target-version": target}},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"name": "nginx", "version": "1.10"}},
	}
}

func scaleDown(services ...client.Object) admission.Response {
	built := update(deploymentJSON("3"), deploymentJSON("0"))
	built.Namespace = "shop"
	live := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(services...).Build()
	return ForDeployments(scheme.Scheme, live, controllerUser).Handle(context.Background(), built)
}

func TestAScaleDownIsHeldByAPatchOfReplicasAndOneAnnotation(t *testing.T) {
	response := scaleDown(inShop("1.11"))
	const want = `[{"op":"add","path":"/spec/replicas","value":3},` +
		`{"op":"add","path":"/metadata/annotations","value":{"bluegreen/scale-to-zero-after":"nginx/7/3","example.org/a":"b"}}]`
	if !response.Allowed || string(response.Patch) != want {
		t.Errorf("allowed: %v, patch %s", response.Allowed, response.Patch)
	}
	if len(response.Warnings) != 1 || !strings.Contains(response.Warnings[0], "stays 3") {
		t.Errorf("warnings %q", response.Warnings)
	}
}

func TestAScaleDownWithNothingPendingPasses(t *testing.T) {
	elsewhere := inShop("1.11")
	elsewhere.Namespace = "other"
	for name, services := range map[string][]client.Object{"at rest": {inShop("1.10")}, "no Service": nil, "of another namespace": {elsewhere}} {
		if response := scaleDown(services...); !response.Allowed || len(response.Patch) > 0 || len(response.Warnings) > 0 {
			t.Errorf("%s: %+v", name, response)
		}
	}
}

func TestAScaleDownIsRefusedWhenNobodyKnowsWhetherItMay(t *testing.T) {
	failing := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme.Scheme).Build(), interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("no answer")
		},
	})
	built := request(admissionv1.Update, deploymentJSON("3"), deploymentJSON("0"))
	if response := ForDeployments(scheme.Scheme, failing, controllerUser).Handle(context.Background(), built); response.Allowed || response.Result.Code != 500 {
		t.Errorf("%+v", response)
	}
	broken := request(admissionv1.Update, deploymentJSON("3"), "{")
	if response := ForDeployments(scheme.Scheme, failing, controllerUser).Handle(context.Background(), broken); response.Allowed || response.Result.Code != 400 {
		t.Errorf("%+v", response)
	}
}

func TestTheFinalizerOfWhatServesIsPutBackForAnybodyButTheController(t *testing.T) {
	bare := strings.Replace(deploymentJSON("3"), `"finalizers":["bluegreen/in-use-protection"],`, "", 1)
	built := update(deploymentJSON("3"), bare)
	built.Namespace = "shop"
	live := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(inShop("1.10")).Build()
	hook := ForDeployments(scheme.Scheme, live, controllerUser)
	const want = `[{"op":"add","path":"/metadata/finalizers","value":["bluegreen/in-use-protection"]}]`
	if response := hook.Handle(context.Background(), built); string(response.Patch) != want || len(response.Warnings) != 1 {
		t.Errorf("%s, %q", response.Patch, response.Warnings)
	}
	if response := hook.Handle(context.Background(), by(controllerUser, built)); !response.Allowed || len(response.Patch) > 0 {
		t.Errorf("the controller's: %+v", response)
	}
}
