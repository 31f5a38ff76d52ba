package cluster

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// This file holds all that the tests know of unexported functions.

// PackingServices is what an informer does to each of its Services.
func PackingServices() toolscache.TransformFunc { return pack(keepOfService) }

// ListingDeployments is where an informer of Deployments lists them.
func ListingDeployments(source toolscache.ListerWatcher) *toolscache.ListWatch {
	return inPages(source, pack(keepOfDeployment))
}

// IsPackedDeployment reports whether an object is a Deployment as an informer holds it.
func IsPackedDeployment(object any) bool {
	_, is := object.(*packed[appsv1.Deployment, *appsv1.Deployment])
	return is
}

// Unpacked is a Deployment as event handlers get it.
func Unpacked(object any) *appsv1.Deployment {
	return unpack[*appsv1.Deployment](object.(client.Object))
}

// KeysOfService are those under which an index finds a Service.
func KeysOfService(service client.Object) []string { return labelsOfService(service) }

// KeysOfDeployment are those under which an index finds a Deployment.
func KeysOfDeployment(deployment client.Object) []string { return labelsOfPods(deployment) }

// Failures is what makes failed items wait.
func Failures() workqueue.TypedRateLimiter[reconcile.Request] { return Options(1).RateLimiter }

// Locking is what locks Deployments, and returns what unlocks them.
func Locking() func(...*appsv1.Deployment) (unlock func()) { return newLocks().lock }

// EndCheck deletes the Job of a check.
func EndCheck(ctx context.Context, c client.Client, end bluegreen.EndCheck) error {
	return endCheck(ctx, c, end)
}
