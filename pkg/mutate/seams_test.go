package mutate

import (
	"context"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// The tests of the webhooks call the code under test by what is in this file alone.

const controllerUser = "system:serviceaccount:bluegreen-system:bluegreen"

// serviceJSON is a Service as the API server sends it, with a field of a future release everywhere. rest is more of its
// metadata.
func serviceJSON(annotations, selector string, rest ...string) string {
	return `{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"nginx","future":1,"annotations":` + annotations +
		strings.Join(rest, "") +
		`},"spec":{"future":{"a":["b"]},"ports":[{"port":80,"future":true}],"selector":` + selector + `},"status":{"future":"x"}}`
}

const (
	blue   = `{"name":"nginx","version":"1.10"}`
	green  = `{"name":"nginx","version":"1.11"}`
	atRest = `{"bluegreen/phase":"Stable","bluegreen/target-version":"1.10","example.org/a":"b"}`
	asks   = `{"bluegreen/phase":"Stable","bluegreen/target-version":"1.11","example.org/a":"b"}`
	plain  = `{"example.org/a":"b"}`
)

// request is one of Jane's; stored or wanted is left out if it is empty.
func request(operation admissionv1.Operation, stored, wanted string) admission.Request {
	built := admissionv1.AdmissionRequest{
		UID:       "1",
		Operation: operation,
		Resource:  metav1.GroupVersionResource{Version: "v1", Resource: "services"},
		UserInfo:  authenticationv1.UserInfo{Username: "jane"},
	}
	if stored != "" {
		built.OldObject = runtime.RawExtension{Raw: []byte(stored)}
	}
	if wanted != "" {
		built.Object = runtime.RawExtension{Raw: []byte(wanted)}
	}
	return admission.Request{AdmissionRequest: built}
}

// update is Jane's write of what is stored.
func update(stored, wanted string) admission.Request {
	return request(admissionv1.Update, stored, wanted)
}

// by is a request of another user.
func by(user string, r admission.Request) admission.Request {
	r.UserInfo.Username = user
	return r
}

// status is a write of the subresource.
func status(r admission.Request) admission.Request {
	r.SubResource = "status"
	return r
}

// namespace is an API server that has some Services.
func namespace(services ...client.Object) client.WithWatch {
	return fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(services...).Build()
}

// handle is the answer to a write of a Service.
func handle(r admission.Request) admission.Response {
	answer, _ := handleAndTell(r)
	return answer
}

// handleDeployment is the answer to a write of a Deployment.
func handleDeployment(live client.Reader, r admission.Request) admission.Response {
	answer, _ := handleDeploymentAndTell(live, r)
	return answer
}

// handleAndTell is the answer to a write of a Service, and the Events.
func handleAndTell(r admission.Request) (admission.Response, []string) {
	recorder := events.NewFakeRecorder(10)
	return handleIn(namespace(), recorder, r), said(recorder)
}

// handleIn is the answer to a write of a Service in a namespace with some objects.
func handleIn(live client.Reader, recorder events.EventRecorder, r admission.Request) admission.Response {
	return ForServices(scheme.Scheme, live, recorder, controllerUser, true, true).Handle(context.Background(), r)
}

// handleDeploymentAndTell is the answer to a write of a Deployment, and the Events.
func handleDeploymentAndTell(live client.Reader, r admission.Request) (admission.Response, []string) {
	r.Namespace = "shop"
	recorder := events.NewFakeRecorder(10)
	answer := ForDeployments(scheme.Scheme, live, recorder, controllerUser).Handle(context.Background(), r)
	return answer, said(recorder)
}

func said(recorder *events.FakeRecorder) []string {
	close(recorder.Events)
	var all []string
	for event := range recorder.Events {
		all = append(all, event)
	}
	return all
}
