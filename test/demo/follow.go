package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// follower shows what becomes of the Service, as it comes, and remembers when green was ready and when it was live.
type follower struct {
	screen *screen

	mu          sync.Mutex
	state       string
	ready, live time.Time
}

// follow watches the Service, the Deployment of green and the Events until the context ends.
func follow(ctx context.Context, s *screen, cluster kubernetes.Interface) (*follower, error) {
	f := &follower{screen: s}
	if err := each(ctx, cluster.CoreV1().Services(namespace).Watch, f.service); err != nil {
		return nil, err
	}
	if err := each(ctx, cluster.AppsV1().Deployments(namespace).Watch, f.deployment); err != nil {
		return nil, err
	}
	return f, each(ctx, cluster.EventsV1().Events(namespace).Watch, f.event)
}

// starter starts a watch: method Watch of a client.
type starter func(context.Context, metav1.ListOptions) (watch.Interface, error)

// each calls a function with every state of an object that a watch shows.
func each[T runtime.Object](ctx context.Context, start starter, see func(T)) error {
	watching, err := start(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("watching the namespace: %w", err)
	}
	go func() {
		defer watching.Stop()
		for event := range watching.ResultChan() {
			if object, ok := event.Object.(T); ok && event.Type != watch.Deleted {
				see(object)
			}
		}
	}()
	return nil
}

func (f *follower) service(service *corev1.Service) {
	f.mu.Lock()
	defer f.mu.Unlock()
	version := service.Spec.Selector["version"]
	if version == green && f.live.IsZero() {
		f.live = time.Now()
	}
	state := fmt.Sprintf("selector version=%s, phase %s", version, service.Annotations[bluegreen.PhaseKey])
	if message := service.Annotations[bluegreen.MessageKey]; message != "" {
		state += ": " + message
	}
	if state != f.state {
		f.state = state
		f.screen.note("Service nginx: %s", state)
	}
}

func (f *follower) deployment(deployment *appsv1.Deployment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if deployment.Name == "nginx-"+green && f.ready.IsZero() && slices.ContainsFunc(deployment.Status.Conditions, isReady) {
		f.ready = time.Now()
		f.screen.note("Deployment %s: MinimumReplicasAvailable", deployment.Name)
	}
}

func isReady(condition appsv1.DeploymentCondition) bool {
	return condition.Type == appsv1.DeploymentAvailable && condition.Status == corev1.ConditionTrue
}

func (f *follower) event(event *eventsv1.Event) {
	if event.Regarding.Kind == "Service" {
		f.screen.note("Event %s: %s", event.Reason, event.Note)
	}
}

// delay returns how long traffic took to follow readiness.
func (f *follower) delay() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.live.Sub(f.ready)
}
