package follow

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// Objects hands all objects of some kinds to see, once they are read, and again when something has changed or a tick comes, until see is
// done or fails, or the context ends. Several changes in a moment may be seen as one. A nil channel never ticks.
func Objects(ctx context.Context, client kubernetes.Interface, namespace string, kinds []Kind, ticks <-chan time.Time,
	see func(view.Objects) (bool, error)) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	changed := make(chan struct{}, 1)
	var stores []*store
	for _, kind := range kinds {
		started, err := start(ctx, client, namespace, kind, changed, end)
		if err != nil {
			return err
		}
		stores = append(stores, started)
	}
	for _, store := range stores {
		select {
		case <-store.read:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for {
		if done, err := see(all(stores)); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		case <-ticks:
		}
	}
}

// store is what is known of the objects of one kind.
type store struct {
	kind     Kind
	informer cache.SharedInformer

	// read is closed once the objects are known, or once it is known that they may not be read, and refused says so.
	read    chan struct{}
	refused error
	once    sync.Once
}

// start watches the objects of a kind, and signals each change.
func start(ctx context.Context, client kubernetes.Interface, namespace string, kind Kind, changed chan<- struct{},
	end context.CancelCauseFunc) (*store, error) {
	s := &store{kind: kind, informer: cache.NewSharedInformer(kind.stored(client, namespace), kind.object, 0), read: make(chan struct{})}
	own, stop := context.WithCancel(ctx)
	refuse := func(err error) {
		if kind.optional() && apierrors.IsForbidden(err) && !s.informer.HasSynced() {
			s.settle(err)
			stop()
		} else {
			end(err)
		}
	}
	signal := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	if err := handle(s.informer, refuse, cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { signal() },
		UpdateFunc: func(_, _ any) { signal() },
		DeleteFunc: func(any) { signal() },
	}); err != nil {
		stop()
		return nil, err
	}
	go s.informer.RunWithContext(own)
	go func() {
		if cache.WaitForCacheSync(own.Done(), s.informer.HasSynced) {
			s.settle(nil)
		}
	}()
	return s, nil
}

func (s *store) settle(refused error) {
	s.once.Do(func() {
		s.refused = refused
		close(s.read)
	})
}

// all returns the objects of all stores.
func all(stores []*store) view.Objects {
	var objects view.Objects
	for _, store := range stores {
		if store.refused != nil {
			objects.Unreadable = append(objects.Unreadable, store.refused.Error())
			continue
		}
		for _, object := range store.informer.GetStore().List() {
			store.kind.add(&objects, object)
		}
	}
	return objects
}
