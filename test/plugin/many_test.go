package plugin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// TestStatusOfAThousandServicesIsOneList: it asks the API server for no more than for one Service. How long that takes is logged alone.
func TestStatusOfAThousandServicesIsOneList(t *testing.T) {
	const many = 1000
	s, between := open(t), newProxy(t)
	var creators errgroup.Group
	creators.SetLimit(10)
	for i := range many - 1 {
		creators.Go(func() error {
			service := Service(NamedService(fmt.Sprintf("nginx-%03d", i)), Asks("1.10"), headless)
			service.Namespace = s.namespace
			return admin.Create(t.Context(), service)
		})
	}
	if err := creators.Wait(); err != nil {
		t.Fatal(err)
	}

	began := time.Now()
	listed := s.plugin("status", "-A", between.flag()).Must(t).Stdout
	t.Logf("status -A of %d Services took %v", many, time.Since(began))
	if rows := strings.Count(listed, "\n"+s.namespace+" "); rows != many {
		t.Errorf("%d rows, want %d", rows, many)
	}
	if asked := between.asked(); !slices.Equal(asked, []string{"LIST services"}) {
		t.Errorf("it asked for %q", asked)
	}
	if err := admin.DeleteAllOf(t.Context(), &corev1.Service{}, client.InNamespace(s.namespace)); err != nil {
		t.Fatal(err)
	}
}

// headless gives a Service no address: the API server has too few.
func headless(service *corev1.Service) { service.Spec.ClusterIP = corev1.ClusterIPNone }
