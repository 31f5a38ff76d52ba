package cluster_test

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
)

// pagedServer is an API server that streams no lists: it has so many pages, of one Deployment each, at version 7.
type pagedServer struct {
	t     *testing.T
	pages int
	lists []metav1.ListOptions

	// expired is how often the second page fails.
	expired int
}

func (s *pagedServer) list(_ context.Context, options metav1.ListOptions) (runtime.Object, error) {
	s.lists = append(s.lists, options)
	if options.Limit == 0 || options.ResourceVersion != "" || options.ResourceVersionMatch != "" {
		s.t.Errorf("a list with %+v brings everything at once", options)
	}
	page := 0
	if options.Continue != "" {
		if _, err := fmt.Sscan(options.Continue, &page); err != nil {
			return nil, err
		}
	}
	if page == 1 && s.expired > 0 {
		s.expired--
		return nil, apierrors.NewResourceExpired("compacted")
	}
	list := &appsv1.DeploymentList{
		ListMeta: metav1.ListMeta{ResourceVersion: "7"},
		Items:    []appsv1.Deployment{*Ready(fmt.Sprint("d", page))},
	}
	if page++; page < s.pages {
		list.Continue = fmt.Sprint(page)
	}
	return list, nil
}

func (s *pagedServer) watch(_ context.Context, options metav1.ListOptions) (apiwatch.Interface, error) {
	if options.SendInitialEvents != nil {
		return nil, apierrors.NewInvalid(appsv1.SchemeGroupVersion.WithKind("Deployment").GroupKind(), "", nil)
	}
	return apiwatch.NewFake(), nil
}

func (s *pagedServer) source() *toolscache.ListWatch {
	return &toolscache.ListWatch{ListWithContextFunc: s.list, WatchFuncWithContext: s.watch}
}

// TestNoListIsReadWhole: neither the first, nor one after a watch has ended, which asks for no older version than it knows.
func TestNoListIsReadWhole(t *testing.T) {
	for name, options := range map[string]metav1.ListOptions{
		"at the start": {ResourceVersion: "0"},
		"again":        {ResourceVersion: "5"},
		"from etcd":    {ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan},
	} {
		for _, pages := range []int{1, 2, 5} {
			server := &pagedServer{t: t, pages: pages}
			list, err := cluster.ListingDeployments(server.source()).ListWithContext(t.Context(), options)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			items, err := meta.ExtractList(list)
			if err != nil || len(items) != pages || len(server.lists) != pages {
				t.Errorf("%s: %d items of %d pages in %d lists, %v", name, len(items), pages, len(server.lists), err)
			}
			for _, item := range items {
				if !cluster.IsPackedDeployment(item) {
					t.Errorf("%s: a %T is held whole", name, item)
				}
			}
			if from, err := meta.ListAccessor(list); err != nil || from.GetResourceVersion() != "7" || from.GetContinue() != "" {
				t.Errorf("%s: the watch begins at %q, continued at %q, %v", name, from.GetResourceVersion(), from.GetContinue(), err)
			}
		}
	}
}

// TestAnInformerReadsPagesWhereListsAreNotStreamed: also when etcd compacts what the pages are of.
func TestAnInformerReadsPagesWhereListsAreNotStreamed(t *testing.T) {
	server := &pagedServer{t: t, pages: 3, expired: 1}
	informer := cluster.NewInformer(server.source(), &appsv1.Deployment{}, 0, toolscache.Indexers{})
	go informer.RunWithContext(t.Context())
	if !toolscache.WaitForCacheSync(t.Context().Done(), informer.HasSynced) {
		t.Fatal("no sync")
	}
	held := informer.GetStore().List()
	if len(held) != 3 {
		t.Fatalf("the informer holds %v", held)
	}
	for _, object := range held {
		if got := cluster.Unpacked(object); got.Spec.Template.Labels["version"] != Green {
			t.Errorf("the informer holds %+v", got)
		}
	}
}

func TestAnInformerOfSomethingElseIsClientGosOwn(t *testing.T) {
	asked := make(chan metav1.ListOptions, 1)
	source := &toolscache.ListWatch{
		ListWithContextFunc: func(_ context.Context, options metav1.ListOptions) (runtime.Object, error) {
			asked <- options
			return &corev1.SecretList{}, nil
		},
		WatchFuncWithContext: (&pagedServer{t: t}).watch,
	}
	go cluster.NewInformer(source, &corev1.Secret{}, 0, toolscache.Indexers{}).RunWithContext(t.Context())
	if options := <-asked; options.ResourceVersion != "0" {
		t.Errorf("the first list asks for %+v", options)
	}
}
