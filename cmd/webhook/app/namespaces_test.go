package app

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

var (
	errForbidden   = apierrors.NewForbidden(corev1.Resource("services"), "", errors.New("no Role"))
	errUnavailable = apierrors.NewServiceUnavailable("starting")
)

// refusing is an API server that answers lists with what refuse returns.
func refusing(refuse func(list client.ObjectList, namespace string) error) client.Reader {
	return fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			return refuse(list, (&client.ListOptions{}).ApplyOptions(options).Namespace)
		},
	}).Build()
}

func TestNamespacesThatMayNotBeReadAreLeftOut(t *testing.T) {
	cluster := refusing(func(list client.ObjectList, namespace string) error {
		_, deployments := list.(*appsv1.DeploymentList)
		if namespace == "gone" || namespace == "half" && deployments {
			return errForbidden
		}
		return nil
	})
	for name, test := range map[string]struct {
		namespaces []string
		readable   []string
		leftOut    []string
		nowhere    bool
	}{
		"all namespaces of the cluster": {},
		"all may be read": {
			namespaces: []string{"shop", "blog"},
			readable:   []string{"shop", "blog"},
		},
		"one may not": {
			namespaces: []string{"gone", "shop"},
			readable:   []string{"shop"},
			leftOut:    []string{"gone"},
		},
		"one in part": {
			namespaces: []string{"shop", "half"},
			readable:   []string{"shop"},
			leftOut:    []string{"half"},
		},
		"none may": {
			namespaces: []string{"gone", "half"},
			leftOut:    []string{"gone", "half"},
			nowhere:    true,
		},
	} {
		readable, leftOut, err := split(t.Context(), cluster, test.namespaces, (&options{}).cached())
		if err != nil || !slices.Equal(readable, test.readable) || !slices.Equal(leftOut, test.leftOut) {
			t.Errorf("%s: got %v, %v, %v", name, readable, leftOut, err)
		}
		parsed := options{watchNamespaces: readable, leftOut: leftOut}
		if parsed.worksNowhere() != test.nowhere {
			t.Errorf("%s: works nowhere: %t", name, parsed.worksNowhere())
		}
	}
}

func TestAnAPIServerThatDoesNotAnswerLeavesNothingOut(t *testing.T) {
	cluster := refusing(func(client.ObjectList, string) error { return errUnavailable })
	_, leftOut, err := split(t.Context(), cluster, []string{"shop"}, (&options{}).cached())
	if !apierrors.IsServiceUnavailable(err) || leftOut != nil {
		t.Errorf("got %v, %v", leftOut, err)
	}
}

func TestTheProcessEndsWhenANamespaceMayBeReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		cluster := refusing(func(_ client.ObjectList, namespace string) error {
			switch passed := time.Since(start); {
			case namespace == "gone" || passed < 10*lookAgain:
				return errForbidden
			case passed < 20*lookAgain:
				return errUnavailable
			default:
				return nil
			}
		})
		ctx, end := context.WithCancel(t.Context())
		looks := absence{cluster: cluster, namespaces: []string{"gone", "back"}, kinds: (&options{}).cached(), end: end}
		go func() { _ = looks.Start(ctx) }()
		<-ctx.Done()
		if passed := time.Since(start); passed < 20*lookAgain || passed > 22*lookAgain {
			t.Errorf("ended after %s", passed)
		}
	})
}

func TestWithNoNamespaceLeftOutTheProcessGoesOn(t *testing.T) {
	if err := (absence{end: func() { t.Error("ended") }}).Start(t.Context()); err != nil {
		t.Error(err)
	}
}
