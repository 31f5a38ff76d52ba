package uninstall

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// own is the Deployment of bluegreen.
var own = client.ObjectKey{Namespace: "bluegreen-system", Name: "bluegreen"}

func ownDeployment() *appsv1.Deployment {
	labels := map[string]string{"app": "bluegreen"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: own.Namespace, Name: own.Name},
		Spec:       appsv1.DeploymentSpec{Replicas: ptr.To[int32](3), Selector: &metav1.LabelSelector{MatchLabels: labels}},
	}
}

// ownPod is one of bluegreen's that nothing ends.
func ownPod(phase corev1.PodPhase) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: own.Namespace,
			Name:      strings.ToLower(string(phase)),
			Labels:    map[string]string{"app": "bluegreen"},
		},
		Status: corev1.PodStatus{Phase: phase},
	}
}

// watching ends with its context, which that of the fake client does not.
func watching(ctx context.Context, _ client.WithWatch, _ client.ObjectList, _ ...client.ListOption) (apiwatch.Interface, error) {
	fake := apiwatch.NewFake()
	context.AfterFunc(ctx, fake.Stop)
	return fake, nil
}

func ownReplicas(t *testing.T, c client.Client) int32 {
	t.Helper()
	return *Current(t, c, ownDeployment()).Spec.Replicas
}

// TestAPodThatWasEvictedIsNotWaitedFor: its object stays until somebody deletes it.
func TestAPodThatWasEvictedIsNotWaitedFor(t *testing.T) {
	c := Builder(t, cluster.AddIndexes).WithObjects(ownDeployment(), ownPod(corev1.PodFailed), ownPod(corev1.PodSucceeded), Serving(Blue)).
		WithInterceptorFuncs(interceptor.Funcs{Watch: watching}).Build()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := (Uninstaller{Client: c}).Run(ctx, own); err != nil {
		t.Fatal(err)
	}
	if left := Current(t, c, Serving(Blue)); bluegreen.Protected(left) || ownReplicas(t, c) != 0 {
		t.Errorf("finalizers %q, and bluegreen has %d replicas", left.Finalizers, ownReplicas(t, c))
	}
}

// TestBluegreenIsStartedAgainWhereItsEndFails, whatever fails after it was stopped.
func TestBluegreenIsStartedAgainWhereItsEndFails(t *testing.T) {
	const (
		again    = "bluegreen was stopped, and was given its 3 replicas again: "
		waiting  = "waiting for 1 pods of bluegreen to end: context deadline exceeded"
		refusing = "unprotecting Deployment nginx-1.10 in namespace shop: refusing"
	)
	for name, test := range map[string]struct {
		before   int32
		pod      corev1.PodPhase
		fails    bool
		replicas int32
		want     string
	}{
		"a pod does not end": {before: 3,
			pod:      corev1.PodRunning,
			fails:    false,
			replicas: 3,
			want:     again + waiting,
		},
		"what serves is deleted meanwhile": {before: 3,
			pod:      corev1.PodFailed,
			fails:    false,
			replicas: 3,
			want:     again + refusing,
		},
		"it was stopped by somebody else": {before: 0,
			pod:      corev1.PodFailed,
			fails:    false,
			replicas: 0,
			want:     refusing,
		},
		"it cannot be started any more": {before: 3,
			pod:      corev1.PodRunning,
			fails:    true,
			replicas: 0,
			want:     waiting + "\nbluegreen is stopped, and could not be started again: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			installed := ownDeployment()
			installed.Spec.Replicas = &test.before
			writes := 0
			c := Builder(t, cluster.AddIndexes).WithObjects(installed, ownPod(test.pod), Serving(Blue), OnVersion(Blue)).WithInterceptorFuncs(interceptor.Funcs{
				Watch: watching,
				SubResourcePatch: func(ctx context.Context, c client.Client, subResource string, object client.Object, patch client.Patch,
					opts ...client.SubResourcePatchOption) error {
					if writes++; ctx.Err() != nil || writes > 1 && test.fails {
						return errors.New("no")
					}
					if err := c.Delete(ctx, Serving(Blue)); err != nil {
						return err
					}
					return c.SubResource(subResource).Patch(ctx, object, patch, opts...)
				},
			}).Build()
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if err := (Uninstaller{Client: c}).Run(ctx, own); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if got := ownReplicas(t, c); got != test.replicas {
				t.Errorf("bluegreen has %d replicas, want %d", got, test.replicas)
			}
		})
	}
}

// TestBluegreenIsNotStoppedWhereItsEndIsRefused beforehand.
func TestBluegreenIsNotStoppedWhereItsEndIsRefused(t *testing.T) {
	deleted := Serving(Blue)
	deleted.DeletionTimestamp = new(metav1.Now())
	c := Builder(t, cluster.AddIndexes).WithObjects(ownDeployment(), deleted, OnVersion(Blue)).WithInterceptorFuncs(interceptor.Funcs{
		SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
			t.Error("a Deployment is scaled")
			return nil
		},
	}).Build()
	err := (Uninstaller{Client: c}).Run(t.Context(), own)
	if err == nil || !strings.HasPrefix(err.Error(), "refusing to unprotect Deployment nginx-1.10 in namespace shop: it serves") {
		t.Errorf("error %v", err)
	}
}

// TestAnAnswerOfSomebodysWebhookIsNotTakenForADeploymentThatIsGone: the finalizer would stay for ever.
func TestAnAnswerOfSomebodysWebhookIsNotTakenForADeploymentThatIsGone(t *testing.T) {
	c := Builder(t, cluster.AddIndexes).WithObjects(Serving(Blue)).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return apierrors.NewNotFound(corev1.Resource("quotas"), "theirs")
		},
	}).Build()
	if err := (Uninstaller{Client: c}).Run(t.Context(), own); err == nil || !strings.Contains(err.Error(), `quotas "theirs" not found`) {
		t.Errorf("error %v", err)
	}
}

// TestTheEndOfBluegreenReadsLittle: Services once for each namespace with a Deployment to let go, before and after bluegreen is
// stopped, and everything page by page.
func TestTheEndOfBluegreenReadsLittle(t *testing.T) {
	const many = 1200
	var stored []client.Object
	for i := range many {
		service, free := OnVersion(Green), Serving(Blue)
		service.Name = fmt.Sprintf("nginx-%04d", i)
		free.Namespace, free.Name, free.Finalizers = "blog", service.Name, nil
		stored = append(stored, service, free)
	}
	for i := range 3 {
		kept := Serving(Blue)
		kept.Name = fmt.Sprintf("kept-%d", i)
		stored = append(stored, kept)
	}
	lists := map[string]int{}
	c := Builder(t, cluster.AddIndexes).WithObjects(stored...).WithInterceptorFuncs(interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			options := (&client.ListOptions{}).ApplyOptions(opts)
			lists[fmt.Sprintf("%T in %q from %q", list, options.Namespace, options.Continue)]++
			if err := c.List(ctx, list, opts...); err != nil {
				return err
			}
			return page(list, options)
		},
	}).Build()
	if err := (Uninstaller{Client: c}).Run(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	for what, times := range lists {
		if times != 2 {
			t.Errorf("%s: read %d times, want 2", what, times)
		}
	}
	if len(lists) != 6 {
		t.Errorf("read %v, want three pages of Deployments and of Services in shop", lists)
	}
	for _, object := range stored[2*many:] {
		if kept := Current(t, c, object.(*appsv1.Deployment)); bluegreen.Protected(kept) {
			t.Errorf("Deployment %s keeps its finalizer", kept.Name)
		}
	}
}

// page leaves in a list what the API server would return of it.
func page(list client.ObjectList, options *client.ListOptions) error {
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
	forbidden := apierrors.NewForbidden(appsv1.Resource("deployments"), "", errors.New("no Role"))
	for name, test := range map[string]struct {
		namespaces []client.Object
		want       string
	}{
		"gone": {namespaces: nil, want: ""},
		"there, but not ours": {namespaces: []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "blog"}}},
			want: "helm upgrade gives bluegreen a right back",
		},
	} {
		t.Run(name, func(t *testing.T) {
			shop := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
			c := Builder(t, cluster.AddIndexes).WithObjects(shop, Serving(Blue)).WithObjects(test.namespaces...).WithInterceptorFuncs(interceptor.Funcs{
				List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
					if (&client.ListOptions{}).ApplyOptions(opts).Namespace == "blog" {
						return forbidden
					}
					return c.List(ctx, list, opts...)
				},
			}).Build()
			err := (Uninstaller{Client: c, Namespaces: []string{"blog", "shop"}}).Run(t.Context(), own)
			if kept := bluegreen.Protected(Current(t, c, Serving(Blue))); kept != (test.want != "") {
				t.Errorf("the Deployment in the other namespace is kept: %t", kept)
			}
			if test.want == "" && err != nil || test.want != "" && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
