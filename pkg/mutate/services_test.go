package mutate

import (
	"net/http"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAnInvalidAskIsRefusedWith422AndFieldCauses(t *testing.T) {
	bad := strings.Replace(serviceJSON(atRest, green), `"1.10"`, `"not a label!"`, 1)
	response := handle(update(serviceJSON(atRest, blue), bad))
	result := response.Result
	if response.Allowed || result.Code != http.StatusUnprocessableEntity || result.Reason != metav1.StatusReasonInvalid ||
		len(response.Patch)+len(response.Warnings) > 0 {
		t.Fatalf("got %+v", response)
	}
	if details := result.Details; details.Kind != "Service" || details.Name != "nginx" || len(details.Causes) != 1 {
		t.Fatalf("got %+v", details)
	}
	cause := result.Details.Causes[0]
	if cause.Type != metav1.CauseTypeFieldValueInvalid || cause.Field != "metadata.annotations[bluegreen/target-version]" {
		t.Errorf("got %+v", cause)
	}
	for _, part := range []string{
		`Service "nginx" is invalid: metadata.annotations[bluegreen/target-version]`,
		`"not a label!"`,
		"must be a label value",
	} {
		if !strings.Contains(result.Message, part) {
			t.Errorf("%q is not in %q", part, result.Message)
		}
	}
}

// TestTheEndOfAProtectionIsJudgedByAllThatServes: the Deployment of a follower is under deletion, and only bluegreen keeps it.
func TestTheEndOfAProtectionIsJudgedByAllThatServes(t *testing.T) {
	kept := bluegreentest.AdminDeployment("1.10", bluegreentest.Kept,
		bluegreentest.Noting("bluegreen/serves", "name=nginx-admin,version=1.10"))
	kept.DeletionTimestamp = new(metav1.Now())
	disabled := serviceJSON(strings.Replace(atRest, `{`, `{"bluegreen/in-use-protection":"disabled",`, 1), blue)
	for name, test := range map[string]struct {
		live    client.Reader
		allowed bool
	}{
		"of a follower": {live: namespace(kept.DeepCopy(), bluegreentest.Follower())},
		"of nobody":     {live: namespace(kept.DeepCopy()), allowed: true},
	} {
		response := handleIn(test.live, events.NewFakeRecorder(10), update(serviceJSON(atRest, blue), disabled))
		if response.Allowed != test.allowed {
			t.Errorf("%s: got %+v", name, response.Result)
		}
	}
}

func TestAStatusWriteMayNotSayNonsenseEither(t *testing.T) {
	bad := strings.Replace(serviceJSON(atRest, green), `"1.10"`, `""`, 1)
	response := handle(status(update(serviceJSON(atRest, blue), bad)))
	if response.Allowed || response.Result.Code != http.StatusUnprocessableEntity {
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
	good := serviceJSON(atRest, blue)
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
