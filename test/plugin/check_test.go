package plugin

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// openAlone opens a shop whose Service is the only managed one, in a cluster in which the Deployment of bluegreen is available.
func openAlone(t *testing.T) *shop {
	t.Helper()
	services := &corev1.ServiceList{}
	if err := admin.List(t.Context(), services); err != nil {
		t.Fatal(err)
	}
	for _, service := range services.Items {
		if service.Annotations["bluegreen/target-version"] != "" {
			if err := admin.Delete(t.Context(), &service); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := open(t)
	s.untilPhase("Stable")
	s.runs(shipped, true)
	return s
}

// runs plays the Deployment controller for the Deployment of an installation.
func (s *shop) runs(installed *installation.Installation, available bool) {
	s.t.Helper()
	if err := installed.Apply(s.t.Context(), installed.Deployment); err != nil {
		s.t.Fatal(err)
	}
	deployment := &appsv1.Deployment{}
	deployment.Namespace, deployment.Name = installed.Namespace, installed.Name
	s.t.Cleanup(func() { s.delete(deployment) })
	s.report(deployment, available)
}

// delete deletes an object, after the test too.
func (s *shop) delete(object client.Object) {
	s.t.Helper()
	if err := admin.Delete(s.t.Context(), object); client.IgnoreNotFound(err) != nil {
		s.t.Fatal(err)
	}
}

func TestCheckTry(t *testing.T) {
	s := openAlone(t)
	o := s.plugin("check")
	t.Logf("%v\n%s\n%s", o.Err, o.Stdout, o.Stderr)
	o = s.plugin("check", "-o", "yaml")
	t.Logf("%v\n%s\n%s", o.Err, o.Stdout, o.Stderr)
	_ = json.Unmarshal
	_ = regexp.MustCompile
	_ = strings.Fields
	_ = unstructured.Unstructured{}
	t.Fail()
}
