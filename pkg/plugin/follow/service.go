// Package follow reads what a command shows, and watches what it waits for. It never polls, and when the connection is lost it goes on
// once there is one again.
package follow

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Service hands each state of a Service to see, from the one that was just read on, until see is done or fails, or the context ends.
func Service(ctx context.Context, client kubernetes.Interface, read *corev1.Service, see func(*corev1.Service) (bool, error)) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	named := fields.OneTermEqualSelector(metav1.ObjectNameField, read.Name)
	stored := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "services", read.Namespace, named)
	informer := cache.NewSharedInformer(stored, &corev1.Service{}, 0)
	states := make(chan *corev1.Service)
	deleted := fmt.Errorf("service/%s was deleted meanwhile; to wait for one of that name, create it first", read.Name)
	send := func(object any) {
		select {
		case states <- object.(*corev1.Service):
		case <-ctx.Done():
		}
	}
	if err := handle(informer, end, cache.ResourceEventHandlerFuncs{
		AddFunc:    send,
		UpdateFunc: func(_, object any) { send(object) },
		DeleteFunc: func(any) { end(deleted) },
	}); err != nil {
		return err
	}
	go informer.RunWithContext(ctx)
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) && len(informer.GetStore().List()) == 0 {
			end(deleted)
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case service := <-states:
			if Older(service, read) {
				continue
			}
			if done, err := see(service); done || err != nil {
				return err
			}
		}
	}
}

// handle prepares an informer. What no patience mends is refused; after any other error it lists and watches anew.
func handle(informer cache.SharedInformer, refuse func(error), handler cache.ResourceEventHandler) error {
	if _, err := informer.AddEventHandler(handler); err != nil {
		return err
	}
	return informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			refuse(err)
		}
	})
}

// Older reports whether a state of a Service is older than another one. The first that a watch shows may be: it is from a cache.
func Older(service, than *corev1.Service) bool {
	order, err := resourceversion.CompareResourceVersion(service.ResourceVersion, than.ResourceVersion)
	return err == nil && order < 0
}
