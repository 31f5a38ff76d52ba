package mutate

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

// BenchmarkReview answers a whole review: an ask, from the body of the request to that of the answer.
func BenchmarkReview(b *testing.B) {
	asked := update(serviceJSON(atRest, blue), serviceJSON(asks, blue))
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Request:  &asked.AdmissionRequest,
	})
	if err != nil {
		b.Fatal(err)
	}
	handler := ForServices(scheme.Scheme, nil, nil, controllerUser, true, true)
	b.ReportAllocs()
	for b.Loop() {
		request := httptest.NewRequest(http.MethodPost, ServicesPath, bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if !bytes.Contains(response.Body.Bytes(), []byte(`"allowed":true`)) {
			b.Fatalf("answered %s", response.Body)
		}
	}
}
