package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// forbidding is a manager at an API server that lets nothing be read.
func forbidding(t *testing.T, asked chan<- struct{}) manager.Manager {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	mgr, err := ctrl.NewManager(&rest.Config{Host: server.URL}, manager.Options{
		Metrics: metricsserver.Options{BindAddress: "0"},
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) {
			return testrestmapper.TestOnlyStaticRESTMapper(scheme.Scheme), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mgr.GetCache().GetInformer(t.Context(), &corev1.Service{}, cache.BlockUntilSynced(false)); err != nil {
		t.Fatal(err)
	}
	return mgr
}

func TestAProcessEndsBeforeItsCachesHaveSynced(t *testing.T) {
	asked := make(chan struct{})
	mgr := forbidding(t, asked)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- start(ctx, mgr, startTimeout) }()
	<-asked
	end()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it runs on")
	}
}

func TestAProcessWhoseCachesDoNotSyncFails(t *testing.T) {
	err := start(t.Context(), forbidding(t, nil), 100*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "have not synced within 100ms") {
		t.Errorf("got %v", err)
	}
}

func TestAProcessWaitsForAnAPIServerThatIsAway(t *testing.T) {
	for name, test := range map[string]struct {
		answers []int
		err     string
	}{
		"it comes back": {answers: []int{http.StatusServiceUnavailable, http.StatusCreated}},
		"it refuses":    {answers: []int{http.StatusUnauthorized}, err: "asking the API server for the own user name"},
		"it stays away": {answers: slices.Repeat([]int{http.StatusServiceUnavailable}, 9), err: "asking the API server for the own user name"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.answers[0])
				test.answers = test.answers[1:]
				_, _ = w.Write([]byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview","status":{"userInfo":{"username":"jane"}}}`))
			}))
			defer server.Close()
			user, err := whoAmI(t.Context(), &rest.Config{Host: server.URL}, 3*time.Second)
			if test.err == "" && (err != nil || user != "jane") {
				t.Errorf("got %q, %v", user, err)
			}
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got %v, want %s", err, test.err)
			}
		})
	}
}
