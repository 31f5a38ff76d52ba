package manifests

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	reviewv1 "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestWebhookIsAskedWhereItMatters(t *testing.T) {
	c, ns := as(t, somebody), "webhook"
	newNamespace(t, c, ns)
	awaitNoPolicy(t, c, ns)
	calls := installWebhook(t, c, ns)
	next := names()
	for name, test := range updatesByAnybody {
		t.Run("update: "+name, func(t *testing.T) {
			svc := service(ns, next(), test.before...)
			create(t, c, svc)
			before := calls.of(svc)
			test.write.to(svc)
			if err := updateOf(t, c, svc, test.byStatus); err != nil {
				t.Fatal(err)
			}
			if got := calls.of(svc) - before; (got == 1) != test.asked || got > 1 {
				t.Errorf("asked %d times, want asked: %v", got, test.asked)
			}
		})
	}
	for name, want := range map[string]int{"managed": 1, "unmanaged": 0} {
		t.Run("create: "+name, func(t *testing.T) {
			svc := service(ns, next())
			if want == 1 {
				managed(svc)
			}
			create(t, c, svc)
			if got := calls.of(svc); got != want {
				t.Errorf("asked %d times, want %d", got, want)
			}
		})
	}
	t.Run("delete", func(t *testing.T) { checkDeletion(t, c, calls, ns) })
}

// checkDeletion deletes a managed Service, which the webhook is not asked about.
func checkDeletion(t *testing.T, c client.Client, calls *calls, ns string) {
	svc := service(ns, "deleted", managed)
	create(t, c, svc)
	before := calls.of(svc)
	if err := c.DeleteAllOf(t.Context(), &corev1.Service{}, client.InNamespace(ns)); err != nil {
		t.Fatal(err)
	}
	if got := calls.of(svc) - before; got != 0 {
		t.Errorf("asked %d times about a deletion", got)
	}
}

// updateOf updates a Service, or its status.
func updateOf(t *testing.T, c client.Client, svc *corev1.Service, byStatus bool) error {
	t.Helper()
	if byStatus {
		return c.Status().Update(t.Context(), svc)
	}
	return c.Update(t.Context(), svc)
}

// installWebhook installs the configuration as rendered, but for the address it points to.
func installWebhook(t *testing.T, c client.Client, ns string) *calls {
	t.Helper()
	calls := &calls{count: map[string]int{}}
	server := httptest.NewTLSServer(calls)
	t.Cleanup(server.Close)
	configuration := get[admissionv1.MutatingWebhookConfiguration](t, template(t), "MutatingWebhookConfiguration/bluegreen")
	for i := range configuration.Webhooks {
		target := &configuration.Webhooks[i].ClientConfig
		url := server.URL + *target.Service.Path
		target.Service, target.URL = nil, &url
		target.CABundle = certificateOf(server)
	}
	create(t, c, configuration)
	probe := service(ns, "probe", managed)
	eventually(t, "the webhook is asked", func() bool {
		if err := c.Create(t.Context(), probe.DeepCopy(), client.DryRunAll); err != nil {
			t.Fatal(err)
		}
		return calls.of(probe) > 0
	})
	return calls
}

func certificateOf(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// calls answers admission reviews with yes, and counts them for each object.
type calls struct {
	mutex sync.Mutex
	count map[string]int
}

// of returns how often the webhook was asked about an object.
func (a *calls) of(object client.Object) int {
	path := "/mutate-v1-service"
	if _, ok := object.(*appsv1.Deployment); ok {
		path = "/mutate-apps-v1-deployment"
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.count[path+object.GetName()]
}

func (a *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var review reviewv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, "no admission review", http.StatusBadRequest)
		return
	}
	a.mutex.Lock()
	a.count[r.URL.Path+review.Request.Name]++
	a.mutex.Unlock()
	review.Response = &reviewv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	review.Request.Object, review.Request.OldObject = runtime.RawExtension{}, runtime.RawExtension{}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review)
}
