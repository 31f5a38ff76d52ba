package cluster

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/pager"
)

// NewInformer returns an informer that never holds all Services or Deployments of a cluster whole, for the manager's cache. Where
// the API server streams lists, one comes after the other. Where it does not, client-go decodes the whole list before it
// transforms it, unless it is read in pages; and it asks for no pages, because they come from etcd.
func NewInformer(from cache.ListerWatcher, object runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
	switch object.(type) {
	case *corev1.Service:
		from = inPages(from, pack(keepOfService))
	case *appsv1.Deployment:
		from = inPages(from, pack(keepOfDeployment))
	}
	return cache.NewSharedIndexInformer(from, object, resync, indexers)
}

// inPages lists page by page, and transforms a page before it reads the next.
func inPages(from cache.ListerWatcher, transform cache.TransformFunc) *cache.ListWatch {
	source := cache.ToListerWatcherWithContext(from)
	pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		page, err := source.ListWithContext(ctx, options)
		if err != nil {
			return nil, err
		}
		return transformed(page, transform)
	})
	pages.FullListIfExpired = false // The informer then begins with the first page again.
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			// With a version, the watch cache answers, and gives no pages. Without, what is read is no older.
			options.ResourceVersion, options.ResourceVersionMatch = "", ""
			list, _, err := pages.List(ctx, options)
			return list, err
		},
		WatchFuncWithContext: source.WatchWithContext,
	}
}

// transformed returns a list of what a transform makes of the items of a page.
func transformed(page runtime.Object, transform cache.TransformFunc) (*metainternalversion.List, error) {
	from, err := meta.ListAccessor(page)
	if err != nil {
		return nil, err
	}
	list := &metainternalversion.List{ListMeta: metav1.ListMeta{ResourceVersion: from.GetResourceVersion(), Continue: from.GetContinue()}}
	return list, meta.EachListItem(page, func(item runtime.Object) error {
		kept, err := transform(item)
		if err == nil {
			list.Items = append(list.Items, kept.(runtime.Object))
		}
		return err
	})
}
