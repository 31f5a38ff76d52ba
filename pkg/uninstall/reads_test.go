package uninstall

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestUninstallingReadsLittle: Services once for each namespace with a Deployment to unprotect, before and after bluegreen is
// stopped, and everything page by page.
func TestUninstallingReadsLittle(t *testing.T) {
	const many = 1200
	var objects []client.Object
	for i := range many {
		service, free := OnVersion(Green), InUse(Blue)
		service.Name = fmt.Sprintf("nginx-%04d", i)
		free.Namespace, free.Name, free.Finalizers = "blog", service.Name, nil
		objects = append(objects, service, free)
	}
	var protected []*appsv1.Deployment
	for i := range 3 {
		deployment := InUse(Blue)
		deployment.Name = fmt.Sprintf("kept-%d", i)
		protected = append(protected, deployment)
		objects = append(objects, deployment)
	}
	paging := &pagingServer{lists: map[string]int{}}
	server := Storing(t, objects...).WithInterceptorFuncs(interceptor.Funcs{List: paging.list}).Build()
	if err := uninstall(t.Context(), server); err != nil {
		t.Fatal(err)
	}
	for what, times := range paging.lists {
		if times != 2 {
			t.Errorf("%s: read %d times, want 2", what, times)
		}
	}
	if len(paging.lists) != 6 {
		t.Errorf("read %v, want three pages of Deployments and of Services in shop", paging.lists)
	}
	for _, deployment := range protected {
		if bluegreen.Protected(Stored(t, server, deployment)) {
			t.Errorf("Deployment %s keeps its finalizer", deployment.Name)
		}
	}
}

// pagingServer gives pages, as the fake client does not, and counts how often each is read.
type pagingServer struct{ lists map[string]int }

func (p *pagingServer) list(ctx context.Context, next client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
	options := (&client.ListOptions{}).ApplyOptions(opts)
	p.lists[fmt.Sprintf("%T in %q from %q", list, options.Namespace, options.Continue)]++
	if err := next.List(ctx, list, opts...); err != nil {
		return err
	}
	return cutPage(list, options)
}

// cutPage leaves in a list what the API server would return of it.
func cutPage(list client.ObjectList, options *client.ListOptions) error {
	items, err := meta.ExtractList(list)
	if err != nil || options.Limit == 0 {
		return errors.Join(err, errors.New("a list without a limit"))
	}
	from, _ := strconv.Atoi(options.Continue)
	to := min(from+int(options.Limit), len(items))
	if to < len(items) {
		list.SetContinue(strconv.Itoa(to))
	}
	return meta.SetList(list, slices.Clone[[]runtime.Object](items[from:to]))
}

// TestANamespaceThatIsGoneHoldsNothing of bluegreen's; one in which bluegreen may not read might.
func TestANamespaceThatIsGoneHoldsNothing(t *testing.T) {
	t.Run("gone", func(t *testing.T) {
		server := Storing(t, namespace("shop"), InUse(Blue)).WithInterceptorFuncs(interceptor.Funcs{List: forbidBlog}).Build()
		if err := uninstall(t.Context(), server, "blog", "shop"); err != nil {
			t.Errorf("error %v", err)
		}
		if bluegreen.Protected(Stored(t, server, InUse(Blue))) {
			t.Error("the Deployment in the other namespace stays protected")
		}
	})
	t.Run("there, but not ours", func(t *testing.T) {
		server := Storing(t, namespace("shop"), namespace("blog"), InUse(Blue)).
			WithInterceptorFuncs(interceptor.Funcs{List: forbidBlog}).Build()
		err := uninstall(t.Context(), server, "blog", "shop")
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "helm upgrade gives bluegreen a right back") {
			t.Errorf("error %v", err)
		}
		if !bluegreen.Protected(Stored(t, server, InUse(Blue))) {
			t.Error("the Deployment in the other namespace is unprotected")
		}
	})
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// forbidBlog lets nobody list anything in namespace blog.
func forbidBlog(ctx context.Context, next client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
	if (&client.ListOptions{}).ApplyOptions(opts).Namespace == "blog" {
		return apierrors.NewForbidden(appsv1.Resource("deployments"), "", errors.New("no Role"))
	}
	return next.List(ctx, list, opts...)
}
