package command

import (
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
)

// inspecting returns an inspection of a cluster with some objects, by somebody who is in namespace shop.
func inspecting(objects ...runtime.Object) (inspection, *fake.Clientset) {
	client := fake.NewClientset(objects...)
	return inspection{&cluster{Interface: client, namespace: "shop"}}, client
}

// TestNowIsWhatTheAPIServerSays: the clock of whoever looks may be off, and would make a Lease look old.
func TestNowIsWhatTheAPIServerSays(t *testing.T) {
	i, client := inspecting()
	theirs := metav1.NewTime(time.Now().Add(-time.Hour).Truncate(time.Second))
	client.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authenticationv1.SelfSubjectReview{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: theirs}}, nil
	})
	facts, err := i.facts(t.Context(), "dev")
	if err != nil || !facts.Now.Equal(theirs.Time) {
		t.Errorf("it is %s, and not %s (%v)", facts.Now, theirs, err)
	}
}

func in(namespace string) ServiceOption { return func(s *corev1.Service) { s.Namespace = namespace } }

func TestAWriteIsTriedWhereItSaysMost(t *testing.T) {
	services := []corev1.Service{*Managed(in("apps")), *Managed(in("shop")), *Managed(in("web"))}
	for name, test := range map[string]struct {
		watched []string
		want    string
	}{
		"in the namespace of whoever looks, who may not write in others": {nil, "write of Service shop/nginx, a dry run"},
		"only where the webhook is asked":                                {[]string{"web"}, "write of Service web/nginx, a dry run"},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []runtime.Object
			for _, service := range services {
				objects = append(objects, &service, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: service.Namespace,
					Labels: map[string]string{corev1.LabelMetadataName: service.Namespace}}})
			}
			i, _ := inspecting(objects...)
			facts := soundness.Facts{Services: soundness.Read[[]corev1.Service]{Value: services}}
			asked := i.ask(t.Context(), facts, soundness.SelectorOf(test.watched))
			if asked.Err != nil || asked.Value.Write != test.want {
				t.Errorf("got %q (%v)", asked.Value.Write, asked.Err)
			}
		})
	}
}
