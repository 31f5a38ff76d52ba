package cluster

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// inCache returns an object as the cache hands it out.
func inCache[O client.Object](t *testing.T, transform toolscache.TransformFunc, object O) O {
	t.Helper()
	held, err := transform(object)
	if err != nil {
		t.Fatal(err)
	}
	return unpack[O](held.(client.Object))
}

func TestOfAManagedServiceTheCacheKeepsWhatDecisionsAreMadeOf(t *testing.T) {
	service := Asking(Green)
	service.ResourceVersion = "7"
	service.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	before := service.DeepCopy()
	want := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx", UID: "1", ResourceVersion: "7",
			Annotations: map[string]string{bluegreen.TargetVersion: Green}},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Selector: map[string]string{"name": "nginx", "version": Blue}},
	}
	if got := inCache(t, pack(keepOfService), service); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if !reflect.DeepEqual(service, before) {
		t.Error("the object itself was changed")
	}
}

func TestOfAnUnmanagedServiceTheCacheKeepsItsIdentity(t *testing.T) {
	want := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx", UID: "1"}}
	if got := inCache(t, pack(keepOfService), Nginx(nil)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsNoObjectToPackIsLeftAlone(t *testing.T) {
	packed, err := pack(keepOfService)(Nginx(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range []any{toolscache.DeletedFinalStateUnknown{Key: "shop/nginx"}, packed} {
		if got, err := pack(keepOfService)(object); err != nil || got != object {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func TestAPackedObjectTellsWhatFindsIt(t *testing.T) {
	service := Asking(Green)
	service.ResourceVersion = "7"
	packed, err := pack(keepOfService)(service)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := toolscache.MetaNamespaceKeyFunc(packed); err != nil || key != "shop/nginx" {
		t.Errorf("key %q, %v", key, err)
	}
	if got := packed.(client.Object).GetResourceVersion(); got != "7" {
		t.Errorf("resourceVersion %q", got)
	}
	if got := labelsOfService(packed.(client.Object)); !slices.Equal(got, []string{"name=nginx"}) {
		t.Errorf("indexed by %v", got)
	}
}

func TestEveryDecisionOnWhatTheCacheKeepsIsThatOnTheWholeObjects(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	reasons := map[bluegreen.Reason]int{}
	for range 20000 {
		service := anyService(random)
		var deployments, keptDeployments []*appsv1.Deployment
		for i := range random.IntN(4) {
			deployment := anyDeployment(random, fmt.Sprint("d", i))
			deployments = append(deployments, deployment)
			keptDeployments = append(keptDeployments, inCache(t, pack(keepOfDeployment), deployment))
		}
		keptService := inCache(t, pack(keepOfService), service)
		whole, wholeService := decide(service, deployments)
		reduced, reducedService := decide(keptService, keptDeployments)
		reasons[whole.Reason]++

		if whole.Reason != reduced.Reason || len(whole.Writes) != len(reduced.Writes) || message(whole) != message(reduced) {
			t.Fatalf("%s %q on the whole, %s %q on %+v, %+v", whole.Reason, message(whole), reduced.Reason, message(reduced), keptService, keptDeployments)
		}
		if bluegreen.Concerns(service) && !maps.Equal(wholeService.Spec.Selector, reducedService.Spec.Selector) {
			t.Fatalf("selectors: %v and %v", wholeService.Spec.Selector, reducedService.Spec.Selector)
		}
		if a, b := bluegreen.Annotations(wholeService), bluegreen.Annotations(reducedService); bluegreen.Concerns(service) && !maps.Equal(a, b) {
			t.Fatalf("annotations: %v and %v", a, b)
		}
		if bluegreen.Concerns(service) != bluegreen.Concerns(keptService) || !slices.Equal(labelsOfService(service), labelsOfService(keptService)) {
			t.Fatalf("the cache hides a concern: %v", service)
		}
	}
	for _, reason := range []bluegreen.Reason{bluegreen.ReasonNotManaged, bluegreen.ReasonStable, bluegreen.ReasonSwitched, bluegreen.ReasonInvalid,
		bluegreen.ReasonDeploymentNotFound, bluegreen.ReasonDeploymentDeleting, bluegreen.ReasonScaledToZero, bluegreen.ReasonNotAvailable} {
		if reasons[reason] < 20 {
			t.Errorf("%s came up %d times only", reason, reasons[reason])
		}
	}
}

func anyOf[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

func anyService(random *rand.Rand) *corev1.Service {
	service := Nginx(nil)
	for range random.IntN(4) {
		key := anyOf(random, bluegreen.TargetVersion, bluegreen.TargetVersion, bluegreen.TargetVersion, bluegreen.PhaseKey, bluegreen.MessageKey, bluegreen.VersionLabel, "bluegreen/odd")
		service.Annotations[key] = anyOf(random, Green, Green, Green, Blue, "version", "-", "")
	}
	if random.IntN(10) == 0 {
		service.Spec.Type = corev1.ServiceTypeExternalName
	}
	if random.IntN(10) == 0 {
		service.Spec.Selector = nil
	}
	return service
}

func anyDeployment(random *rand.Rand, name string) *appsv1.Deployment {
	deployment := Ready(name)
	if random.IntN(8) == 0 {
		deployment.DeletionTimestamp = new(metav1.NewTime(time.Unix(1, 0)))
	}
	deployment.Spec.Replicas = anyOf(random, nil, ptr.To[int32](0), ptr.To[int32](1), ptr.To[int32](3), ptr.To[int32](3), ptr.To[int32](3))
	deployment.Generation = int64(random.IntN(3))
	deployment.Status.AvailableReplicas = int32(random.IntN(4))
	if random.IntN(4) == 0 {
		deployment.Spec.Template.Labels["version"] = Blue
	}
	if random.IntN(2) == 0 {
		deployment.Status.Conditions = nil
		for range random.IntN(4) {
			deployment.Status.Conditions = append(deployment.Status.Conditions, appsv1.DeploymentCondition{
				Type:   anyOf(random, appsv1.DeploymentAvailable, appsv1.DeploymentProgressing),
				Status: anyOf(random, corev1.ConditionTrue, corev1.ConditionTrue, corev1.ConditionFalse),
				Reason: anyOf(random, "MinimumReplicasAvailable", "MinimumReplicasAvailable", "MinimumReplicasUnavailable"),
			})
		}
	}
	return deployment
}

func TestTheIndexesNameTheLabelsThatMatterToAServiceAndThoseThatPodsCarry(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		want    []string
	}{
		"pending":   {service: Asking(Green), want: []string{"name=nginx"}},
		"at rest":   {service: Asking(Blue), want: []string{"name=nginx"}},
		"unmanaged": {service: Nginx(nil), want: nil},
		"invalid":   {service: Asking("-"), want: []string{"name=nginx"}},
	} {
		if got := labelsOfService(test.service); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	got := labelsOfPods(Ready("nginx-1.11"))
	slices.Sort(got)
	if !slices.Equal(got, []string{"name=nginx", "version=1.11"}) {
		t.Errorf("a Deployment: %v", got)
	}
}

// decide decides about a Service, and returns what is stored then.
func decide(service *corev1.Service, deployments []*appsv1.Deployment) (bluegreen.Decision, *corev1.Service) {
	decision := ladder.Decide(ladder.Observe(bluegreen.Read(service), deployments, true))
	for _, write := range decision.Writes {
		if change, is := write.Change.(bluegreen.WriteService); is {
			service = change.Desired
		}
	}
	return decision, service
}

// message returns what people are told of a decision.
func message(decision bluegreen.Decision) string {
	for _, write := range decision.Writes {
		if write.Tell != nil {
			return write.Tell.Message
		}
	}
	return ""
}
