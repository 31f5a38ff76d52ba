package mutate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

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
	mayChange := []string{"/spec/selector", "/metadata/annotations", "/metadata/managedFields"}
	touched := map[string]any{}
	for _, operation := range patch {
		if operation.Op != "add" || !slices.Contains(mayChange, operation.Path) {
			t.Errorf("the patch touches %s %s", operation.Op, operation.Path)
		}
		touched[operation.Path] = operation.Value
	}
	return touched
}

func TestThePatchTouchesOnlyWhatTheAnswerChanges(t *testing.T) {
	const (
		selector      = "/spec/selector"
		annotations   = "/metadata/annotations"
		managedFields = "/metadata/managedFields"

		updated  = `{"manager":"kubectl","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{`
		applied  = `{"manager":"helm","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:selector":{}}}}`
		fields   = `,"managedFields":[` + updated + `"f:selector":{},"f:type":{}}}},` + applied + `]`
		disowned = `[` + updated + `"f:type":{}}}},` + applied + `]`

		waiting = `{"bluegreen/message":"Asked to move from version 1.10 to version 1.11: waiting for the controller to look at it",` +
			`"bluegreen/phase":"Waiting","bluegreen/target-version":"1.11","example.org/a":"b"}`
	)
	rest := serviceJSON(atRest, blue)
	for name, test := range map[string]struct {
		request  admission.Request
		patch    map[string]string
		warnings int
	}{
		"unmanaged, created": {request: request(admissionv1.Create, "", serviceJSON(plain, blue, fields))},
		"unmanaged, moved":   {request: update(serviceJSON(plain, blue), serviceJSON(plain, green, fields))},
		"nothing changes":    {request: update(rest, rest)},
		"created without version": {
			request: request(admissionv1.Create, "", serviceJSON(atRest, `{"name":"nginx"}`)),
			patch:   map[string]string{selector: blue},
		},
		"selector put back": {
			request:  update(rest, serviceJSON(atRest, green)),
			patch:    map[string]string{selector: blue},
			warnings: 1,
		},
		"an emptied selector of one key": {
			request: update(serviceJSON(atRest, `{"version":"1.10"}`), serviceJSON(atRest, `null`)),
			patch:   map[string]string{selector: `{"version":"1.10"}`},
		},
		"asked": {
			request: update(rest, serviceJSON(asks, blue)),
			patch:   map[string]string{annotations: waiting},
		},
		"asked in both places": {
			request:  update(rest, serviceJSON(asks, green)),
			patch:    map[string]string{selector: blue, annotations: waiting},
			warnings: 1,
		},
		"given back": {
			request:  update(rest, serviceJSON(`{"bluegreen/phase":"Stable","example.org/a":"b"}`, blue)),
			patch:    map[string]string{annotations: plain},
			warnings: 1,
		},
		"given back, nothing else is left": {
			request:  update(rest, serviceJSON(`{"bluegreen/phase":"Stable"}`, blue)),
			patch:    map[string]string{annotations: `{}`},
			warnings: 1,
		},
		"given back without annotations": {
			request:  update(rest, serviceJSON(`null`, green)),
			patch:    map[string]string{selector: blue},
			warnings: 1,
		},
		"fields disowned": {
			request: update(rest, serviceJSON(atRest, blue, fields)),
			patch:   map[string]string{managedFields: disowned},
		},
		"the controller's switch": {
			request: by(controllerUser, update(serviceJSON(asks, blue), serviceJSON(asks, green, fields))),
			patch:   map[string]string{managedFields: disowned},
		},
		"another service account's": {
			request:  by("system:serviceaccount:default:bluegreen", update(rest, serviceJSON(atRest, green))),
			patch:    map[string]string{selector: blue},
			warnings: 1,
		},
		"nobody's": {
			request:  by("", update(rest, serviceJSON(atRest, green))),
			patch:    map[string]string{selector: blue},
			warnings: 1,
		},
		"status: its spec counts nothing": {request: status(update(rest, serviceJSON(atRest, `{"app":"x"}`)))},
		"status: phase edited": {
			request:  status(update(rest, strings.Replace(serviceJSON(atRest, green), "Stable", "Failed", 1))),
			patch:    map[string]string{annotations: atRest},
			warnings: 1,
		},
		"status: asked": {
			request: status(update(rest, serviceJSON(asks, green))),
			patch:   map[string]string{annotations: waiting},
		},
		"status: given back": {request: status(update(rest, serviceJSON(plain, green))), warnings: 1},
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
