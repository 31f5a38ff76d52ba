package mutate

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const controllerUser = "system:serviceaccount:bluegreen-system:bluegreen"

// serviceJSON is a Service as the API server sends it, with a field of a future release everywhere.
func serviceJSON(annotations, selector, rest string) string {
	return `{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"nginx","future":1,"annotations":` + annotations + rest +
		`},"spec":{"future":{"a":["b"]},"ports":[{"port":80,"future":true}],"selector":` + selector + `},"status":{"future":"x"}}`
}

const (
	blue   = `{"name":"nginx","version":"1.10"}`
	green  = `{"name":"nginx","version":"1.11"}`
	atRest = `{"bluegreen/phase":"Stable","bluegreen/target-version":"1.10","example.org/a":"b"}`
	asks   = `{"bluegreen/phase":"Stable","bluegreen/target-version":"1.11","example.org/a":"b"}`
	plain  = `{"example.org/a":"b"}`
)

func request(operation admissionv1.Operation, old, new string) admission.Request {
	built := admissionv1.AdmissionRequest{
		UID:       "1",
		Operation: operation,
		Resource:  metav1.GroupVersionResource{Version: "v1", Resource: "services"},
		UserInfo:  authenticationv1.UserInfo{Username: "jane"},
	}
	if old != "" {
		built.OldObject = runtime.RawExtension{Raw: []byte(old)}
	}
	if new != "" {
		built.Object = runtime.RawExtension{Raw: []byte(new)}
	}
	return admission.Request{AdmissionRequest: built}
}

func update(old, new string) admission.Request { return request(admissionv1.Update, old, new) }

func by(user string, r admission.Request) admission.Request {
	r.UserInfo.Username = user
	return r
}

func status(r admission.Request) admission.Request {
	r.SubResource = "status"
	return r
}

func handle(r admission.Request) admission.Response {
	return ForServices(scheme.Scheme, fake.NewClientBuilder().WithScheme(scheme.Scheme).Build(), controllerUser).Handle(context.Background(), r)
}

// operations returns a response's patch, and fails if it touches anything but the three fields.
func operations(t *testing.T, response admission.Response) map[string]any {
	t.Helper()
	var patch []struct {
		Op, Path string
		Value    any
	}
	if len(response.Patch) > 0 {
		if err := json.Unmarshal(response.Patch, &patch); err != nil {
			t.Fatal(err)
		}
	}
	touched := map[string]any{}
	for _, operation := range patch {
		if operation.Op != "add" || !slices.Contains([]string{"/spec/selector", "/metadata/annotations", "/metadata/managedFields"}, operation.Path) {
			t.Errorf("the patch touches %s %s", operation.Op, operation.Path)
		}
		touched[operation.Path] = operation.Value
	}
	return touched
}

func TestThePatchTouchesOnlyWhatTheAnswerChanges(t *testing.T) {
	const (
		selector, annotations, managedFields = "/spec/selector", "/metadata/annotations", "/metadata/managedFields"
		fields                               = `,"managedFields":[{"manager":"kubectl","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:selector":{},"f:type":{}}}},` +
			`{"manager":"helm","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:selector":{}}}}]`
		disowned = `[{"manager":"kubectl","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:type":{}}}},` +
			`{"manager":"helm","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:selector":{}}}}]`
		waiting = `{"bluegreen/message":"Asked to move from version 1.10 to version 1.11: waiting for the controller to look at it",` +
			`"bluegreen/phase":"Waiting","bluegreen/target-version":"1.11","example.org/a":"b"}`
	)
	rest := serviceJSON(atRest, blue, "")
	for name, test := range map[string]struct {
		request  admission.Request
		patch    map[string]string
		warnings int
	}{
		"unmanaged, created":              {request(admissionv1.Create, "", serviceJSON(plain, blue, fields)), nil, 0},
		"unmanaged, moved":                {update(serviceJSON(plain, blue, ""), serviceJSON(plain, green, fields)), nil, 0},
		"nothing changes":                 {update(rest, rest), nil, 0},
		"created without version":         {request(admissionv1.Create, "", serviceJSON(atRest, `{"name":"nginx"}`, "")), map[string]string{selector: blue}, 0},
		"selector put back":               {update(rest, serviceJSON(atRest, green, "")), map[string]string{selector: blue}, 1},
		"an emptied selector of one key":  {update(serviceJSON(atRest, `{"version":"1.10"}`, ""), serviceJSON(atRest, `null`, "")), map[string]string{selector: `{"version":"1.10"}`}, 0},
		"asked":                           {update(rest, serviceJSON(asks, blue, "")), map[string]string{annotations: waiting}, 0},
		"asked in both places":            {update(rest, serviceJSON(asks, green, "")), map[string]string{selector: blue, annotations: waiting}, 1},
		"released":                        {update(rest, serviceJSON(`{"bluegreen/phase":"Stable","example.org/a":"b"}`, blue, "")), map[string]string{annotations: plain}, 1},
		"released, nothing else is left":  {update(rest, serviceJSON(`{"bluegreen/phase":"Stable"}`, blue, "")), map[string]string{annotations: `{}`}, 1},
		"released without annotations":    {update(rest, serviceJSON(`null`, green, "")), map[string]string{selector: blue}, 1},
		"fields disowned":                 {update(rest, serviceJSON(atRest, blue, fields)), map[string]string{managedFields: disowned}, 0},
		"the controller's switch":         {by(controllerUser, update(serviceJSON(asks, blue, ""), serviceJSON(asks, green, fields))), map[string]string{managedFields: disowned}, 0},
		"another service account's":       {by("system:serviceaccount:default:bluegreen", update(rest, serviceJSON(atRest, green, ""))), map[string]string{selector: blue}, 1},
		"nobody's":                        {by("", update(rest, serviceJSON(atRest, green, ""))), map[string]string{selector: blue}, 1},
		"status: its spec counts nothing": {status(update(rest, serviceJSON(atRest, `{"app":"x"}`, ""))), nil, 0},
		"status: phase edited":            {status(update(rest, strings.Replace(serviceJSON(atRest, green, ""), "Stable", "Failed", 1))), map[string]string{annotations: atRest}, 1},
		"status: asked":                   {status(update(rest, serviceJSON(asks, green, ""))), map[string]string{annotations: waiting}, 0},
		"status: released":                {status(update(rest, serviceJSON(plain, green, ""))), nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			response := handle(test.request)
			if !response.Allowed || len(response.Warnings) != test.warnings {
				t.Errorf("allowed: %v, warnings %q, %v", response.Allowed, response.Warnings, response.Result)
			}
			got := operations(t, response)
			if len(got) != len(test.patch) {
				t.Errorf("got %v, want %v", got, test.patch)
			}
			for path, want := range test.patch {
				var value any
				if err := json.Unmarshal([]byte(want), &value); err != nil {
					t.Fatal(err)
				}
				if mustJSON(t, got[path]) != mustJSON(t, value) {
					t.Errorf("%s:\n got %s\nwant %s", path, mustJSON(t, got[path]), mustJSON(t, value))
				}
			}
		})
	}
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAnInvalidAskIsRefusedWith422AndFieldCauses(t *testing.T) {
	bad := strings.Replace(serviceJSON(atRest, green, ""), `"1.10"`, `"not a label!"`, 1)
	response := handle(update(serviceJSON(atRest, blue, ""), bad))
	result := response.Result
	if response.Allowed || result.Code != http.StatusUnprocessableEntity || result.Reason != metav1.StatusReasonInvalid || len(response.Patch)+len(response.Warnings) > 0 {
		t.Fatalf("got %+v", response)
	}
	if details := result.Details; details.Kind != "Service" || details.Name != "nginx" || len(details.Causes) != 1 {
		t.Fatalf("got %+v", details)
	}
	cause := result.Details.Causes[0]
	if cause.Type != metav1.CauseTypeFieldValueInvalid || cause.Field != "metadata.annotations[bluegreen/target-version]" {
		t.Errorf("got %+v", cause)
	}
	for _, part := range []string{`Service "nginx" is invalid: metadata.annotations[bluegreen/target-version]`, `"not a label!"`, "must be a label value"} {
		if !strings.Contains(result.Message, part) {
			t.Errorf("%q is not in %q", part, result.Message)
		}
	}
}

func TestAStatusWriteMayNotSayNonsenseEither(t *testing.T) {
	bad := strings.Replace(serviceJSON(atRest, green, ""), `"1.10"`, `""`, 1)
	if response := handle(status(update(serviceJSON(atRest, blue, ""), bad))); response.Allowed || response.Result.Code != http.StatusUnprocessableEntity {
		t.Errorf("got %+v", response)
	}
}

func TestOtherOperationsAreAllowedUnread(t *testing.T) {
	for _, operation := range []admissionv1.Operation{admissionv1.Delete, admissionv1.Connect} {
		if response := handle(request(operation, "junk", "")); !response.Allowed || len(response.Patch) > 0 {
			t.Errorf("%s: got %+v", operation, response)
		}
	}
}

func TestWhatCannotBeReadIs400(t *testing.T) {
	good := serviceJSON(atRest, blue, "")
	for name, r := range map[string]admission.Request{
		"junk":            update(good, "junk"),
		"junk stored":     update("junk", good),
		"nothing":         update(good, ""),
		"nothing stored":  update("", good),
		"junk created":    request(admissionv1.Create, "", `{"spec":3}`),
		"another kind":    update(good, `{"apiVersion":"v1","kind":"Pod"}`),
		"nothing created": request(admissionv1.Create, "", ""),
	} {
		t.Run(name, func(t *testing.T) {
			response := handle(r)
			if response.Allowed || response.Result.Code != http.StatusBadRequest || !strings.Contains(response.Result.Message, "decoding the ") {
				t.Errorf("got %+v", response.Result)
			}
		})
	}
}
