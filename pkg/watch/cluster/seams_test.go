package cluster_test

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// This file holds all that the tests know of how decisions are made, and what the cache hands out.

// decided is what becomes of a Service.
type decided struct {
	reason      bluegreen.Reason
	message     string
	writes      bool
	selector    map[string]string
	annotations map[string]string // Those of bluegreen.
}

func decide(service *corev1.Service, deployments []*appsv1.Deployment) decided {
	decision := ladder.Decide(ladder.Observe(bluegreen.Read(service), deployments, true, time.Unix(0, 0)))
	what := decided{reason: decision.Reason}
	stored := service
	for _, write := range decision.Writes {
		change, is := write.Change.(bluegreen.WriteService)
		if !is {
			continue
		}
		stored, what.writes = change.Desired, true
		if write.Tell != nil {
			what.message = write.Tell.Message
		}
	}
	what.selector, what.annotations = stored.Spec.Selector, bluegreen.Annotations(stored)
	return what
}

// serviceInCache is a Service as the cache hands it out.
func serviceInCache(t *testing.T, service *corev1.Service) *corev1.Service {
	t.Helper()
	return InCache(t, cluster.CacheByObject(), service)
}

// deploymentInCache is a Deployment as the cache hands it out.
func deploymentInCache(t *testing.T, deployment *appsv1.Deployment) *appsv1.Deployment {
	t.Helper()
	return InCache(t, cluster.CacheByObject(), deployment)
}
