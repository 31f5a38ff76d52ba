package cluster_test

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

func TestOfAManagedServiceTheCacheKeepsWhatDecisionsAreMadeOf(t *testing.T) {
	service := Asking(Green)
	service.ResourceVersion = "7"
	service.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	before := service.DeepCopy()
	want := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       "shop",
			Name:            "nginx",
			UID:             "1",
			ResourceVersion: "7",
			Annotations:     map[string]string{bluegreen.TargetVersion: Green},
		},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeLoadBalancer,
			Selector: PodsOf(Blue),
		},
	}
	if got := serviceInCache(t, service); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if !reflect.DeepEqual(service, before) {
		t.Error("the object itself was changed")
	}
}

func TestOfAnUnmanagedServiceTheCacheKeepsItsIdentity(t *testing.T) {
	want := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx", UID: "1"}}
	if got := serviceInCache(t, Nginx()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsNoObjectToPackIsLeftAlone(t *testing.T) {
	pack := cluster.PackingServices()
	packed, err := pack(Nginx())
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range []any{toolscache.DeletedFinalStateUnknown{Key: "shop/nginx"}, packed} {
		if got, err := pack(object); err != nil || got != object {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func TestAPackedObjectTellsWhatFindsIt(t *testing.T) {
	service := Asking(Green)
	service.ResourceVersion = "7"
	packed, err := cluster.PackingServices()(service)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := toolscache.MetaNamespaceKeyFunc(packed); err != nil || key != "shop/nginx" {
		t.Errorf("key %q, %v", key, err)
	}
	if got := packed.(client.Object).GetResourceVersion(); got != "7" {
		t.Errorf("resourceVersion %q", got)
	}
	if got := cluster.KeysOfService(packed.(client.Object)); !slices.Equal(got, []string{"name=nginx"}) {
		t.Errorf("indexed by %v", got)
	}
}
