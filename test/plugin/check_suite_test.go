package plugin

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// openAlone opens a shop whose Service is the only managed one, in a cluster in which the Deployment of bluegreen is available.
func openAlone(t *testing.T, options ...ServiceOption) *shop {
	t.Helper()
	s := open(t, options...)
	s.untilPhase("Stable")
	s.alone()
	s.runs(shipped, true)
	return s
}

// alone deletes the managed Services of the other shops, which a check would tell of.
func (s *shop) alone() {
	s.t.Helper()
	services := &corev1.ServiceList{}
	if err := admin.List(s.t.Context(), services); err != nil {
		s.t.Fatal(err)
	}
	for i := range services.Items {
		if service := &services.Items[i]; service.Namespace != s.namespace && service.Annotations["bluegreen/target-version"] != "" {
			s.delete(service)
		}
	}
}

// runs plays the Deployment controller for bluegreen's own Deployment, until the test ends.
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

// delete deletes an object, if it is there.
func (s *shop) delete(object client.Object) {
	s.t.Helper()
	if err := admin.Delete(context.WithoutCancel(s.t.Context()), object); client.IgnoreNotFound(err) != nil {
		s.t.Fatal(err)
	}
}

// without deletes an object that ships, and brings it back after the test, as helm upgrade does.
func (s *shop) without(kind, name string) {
	s.t.Helper()
	object := s.ships(kind, name)
	s.delete(object.DeepCopy())
	s.t.Cleanup(func() { s.restore(object) })
}

// changed patches an object that ships, and brings it back after the test.
func (s *shop) changed(kind, name, patch string) {
	s.t.Helper()
	object := s.ships(kind, name)
	if err := admin.Patch(s.t.Context(), object.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(patch))); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.restore(object) })
}

func (s *shop) restore(object *unstructured.Unstructured) {
	s.t.Helper()
	if err := shipped.Apply(context.WithoutCancel(s.t.Context()), object); err != nil {
		s.t.Fatal(err)
	}
}

// ships returns an object of the installation.
func (s *shop) ships(kind, name string) *unstructured.Unstructured {
	s.t.Helper()
	for _, object := range shipped.Objects {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	s.t.Fatalf("no %s %s ships", kind, name)
	return nil
}

// untilUnasked waits until the API server does not ask the webhook any more. What it makes of a configuration cannot be watched.
func (s *shop) untilUnasked() {
	s.t.Helper()
	asked := func(ctx context.Context) (bool, error) {
		probe := Service(NamedService("probe"), Asks("1.10"))
		probe.Namespace = s.namespace
		err := admin.Create(ctx, probe, client.DryRunAll)
		return probe.Annotations["bluegreen/phase"] == "", err
	}
	if err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, patience, true, asked); err != nil {
		s.t.Fatalf("the API server still asks the webhook: %v", err)
	}
}

// user makes the plugin run as somebody with some rights in the shop, and none elsewhere.
func (s *shop) user(name string, rules ...rbacv1.PolicyRule) {
	s.t.Helper()
	role := &rbacv1.Role{Rules: rules}
	role.Name = name
	s.create(role)
	binding := &rbacv1.RoleBinding{RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}}}
	binding.Name = name
	s.create(binding)
	if err := suite.WriteKubeconfig(s.kubeconfig, &clientcmdapi.AuthInfo{ClientCertificateData: suite.Config.CertData,
		ClientKeyData: suite.Config.KeyData, Impersonate: name, ImpersonateGroups: []string{"system:authenticated"}}); err != nil {
		s.t.Fatal(err)
	}
}

// untilMay waits until a user may list the Services of the shop, or may not. What the API server makes of a binding cannot be watched.
func (s *shop) untilMay(user string, may bool) {
	s.t.Helper()
	decided := func(ctx context.Context) (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: s.namespace, Verb: "list", Resource: "services"}}}
		err := admin.Create(ctx, review)
		return review.Status.Allowed == may, err
	}
	if err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, patience, true, decided); err != nil {
		s.t.Fatalf("that %s may list Services is still %v: %v", user, !may, err)
	}
}

// found returns the lines of a check, with one space between the columns.
func found(output harness.Output) []string {
	var lines []string
	for line := range strings.Lines(output.Stdout) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

// finds fails the test unless a check has printed these lines, each a regular expression; NAMESPACE is the shop's.
func (s *shop) finds(output harness.Output, want ...string) {
	s.t.Helper()
	got := found(output)
	if len(got) != len(want) {
		s.t.Fatalf("got\n%s\nwant\n%s\nstderr %s", strings.Join(got, "\n"), strings.Join(want, "\n"), output.Stderr)
	}
	for n := range got {
		if !regexp.MustCompile("^" + s.in(want[n]) + "$").MatchString(got[n]) {
			s.t.Errorf("got\n%s\nwant\n%s", got[n], want[n])
		}
	}
}

// amiss are the lines of a check that are not OK.
func amiss(output harness.Output) harness.Output {
	var kept []string
	for line := range strings.Lines(output.Stdout) {
		if !strings.HasPrefix(line, "OK") && !strings.HasPrefix(line, "STATE") {
			kept = append(kept, line)
		}
	}
	output.Stdout = strings.Join(kept, "")
	return output
}
