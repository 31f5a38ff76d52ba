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

var asked = map[string]struct {
	before, write []change
	status        bool
	want          bool
}{
	"the target":                      {before: []change{managed}, write: []change{annotate("bluegreen/target-version", "1.11")}, want: true},
	"the selector":                    {before: []change{managed}, write: []change{selects("version", "1.11")}, want: true},
	"the selector left out":           {before: []change{managed}, write: []change{selectorless}, want: true},
	"the type":                        {before: []change{managed}, write: []change{loadBalancer}, want: true},
	"an ExternalName's type":          {before: []change{managed}, write: []change{externalToo}, want: true},
	"an option added":                 {before: []change{managed}, write: []change{annotate("bluegreen/ready", "complete")}, want: true},
	"an empty option added":           {before: []change{managed}, write: []change{annotate("bluegreen/ready", "")}, want: true},
	"an option removed":               {before: []change{managed, annotate("bluegreen/ready", "complete")}, write: []change{unannotate("bluegreen/ready")}, want: true},
	"our own annotation":              {before: []change{managed}, write: []change{annotate("bluegreen/phase", "Stable")}, want: true},
	"our own annotation by status":    {before: []change{managed}, write: []change{annotate("bluegreen/phase", "Stable")}, status: true, want: true},
	"the target by status":            {before: []change{managed}, write: []change{annotate("bluegreen/target-version", "1.11")}, status: true, want: true},
	"release":                         {before: []change{managed}, write: []change{released}, want: true},
	"release by status":               {before: []change{managed}, write: []change{released}, status: true, want: true},
	"adoption":                        {write: []change{managed}, want: true},
	"adoption of a selectorless one":  {before: []change{selectorless}, write: []change{managed}, want: true},
	"a target in a crowd":             {before: []change{managed, crowded}, write: []change{annotate("bluegreen/target-version", "1.11")}, want: true},
	"an option removed from a crowd":  {before: []change{managed, crowded, annotate("bluegreen/ready", "complete")}, write: []change{unannotate("bluegreen/ready")}, want: true},
	"nothing":                         {before: []change{managed}},
	"labels":                          {before: []change{managed}, write: []change{labelled}},
	"ports":                           {before: []change{managed}, write: []change{onPort}},
	"other annotations":               {before: []change{managed}, write: []change{annotate("example.com/a", "b")}},
	"annotations that look like ours": {before: []change{managed}, write: []change{annotate("bluegreen.io/phase", "b")}},
	"a load balancer's address":       {before: []change{managed, loadBalancer}, write: []change{balanced}, status: true},
	"labels in a crowd":               {before: []change{managed, crowded}, write: []change{labelled}},
	"an unmanaged one's selector":     {write: []change{selects("version", "1.11")}},
	"an unmanaged one's type":         {write: []change{externalToo}},
	"an unmanaged one's option":       {write: []change{annotate("bluegreen/ready", "complete")}},
	"an unmanaged one's address":      {before: []change{loadBalancer}, write: []change{balanced}, status: true},
	"a selectorless unmanaged one":    {before: []change{selectorless}, write: []change{labelled}},
}

func unannotate(key string) change {
	return func(svc *corev1.Service) { delete(svc.Annotations, key) }
}

func TestWebhookIsAskedWhereItMatters(t *testing.T) {
	c, ns := as(t, somebody), "webhook"
	newNamespace(t, c, ns)
	awaitNoPolicy(t, c, ns)
	calls := installWebhook(t, c, ns)
	n := numbers()
	for name, test := range asked {
		t.Run("update: "+name, func(t *testing.T) {
			svc := service(ns, n(), test.before...)
			create(t, c, svc)
			before := calls.of(svc)
			for _, change := range test.write {
				change(svc)
			}
			if err := write(t, c, svc, test.status); err != nil {
				t.Fatal(err)
			}
			if got := calls.of(svc) - before; (got == 1) != test.want || got > 1 {
				t.Errorf("asked %d times, want asked: %v", got, test.want)
			}
		})
	}
	for name, want := range map[string]int{"managed": 1, "unmanaged": 0} {
		t.Run("create: "+name, func(t *testing.T) {
			svc := service(ns, n())
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

func write(t *testing.T, c client.Client, svc *corev1.Service, status bool) error {
	t.Helper()
	if status {
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
	sync.Mutex
	count map[string]int
}

func (c *calls) of(object client.Object) int {
	path := "/mutate-v1-service"
	if _, ok := object.(*appsv1.Deployment); ok {
		path = "/mutate-apps-v1-deployment"
	}
	c.Lock()
	defer c.Unlock()
	return c.count[path+object.GetName()]
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var review reviewv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, "no admission review", http.StatusBadRequest)
		return
	}
	c.Lock()
	c.count[r.URL.Path+review.Request.Name]++
	c.Unlock()
	review.Response = &reviewv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	review.Request.Object, review.Request.OldObject = runtime.RawExtension{}, runtime.RawExtension{}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review)
}
