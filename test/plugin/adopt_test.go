package plugin

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func unmanaged(s *corev1.Service) { delete(s.Annotations, "bluegreen/target-version") }

func TestAServiceIsAdoptedAndGivenBackAndTrafficStays(t *testing.T) {
	s := open(t, unmanaged)
	s.prints(s.plugin("adopt", "nginx"), "service/nginx adopted\n",
		"kubectl annotate service nginx -n NAMESPACE bluegreen/target-version=1.10 --overwrite\n")
	s.untilPhase("Stable")
	s.fails(s.plugin("adopt", "nginx"), "error: service/nginx is managed already (bluegreen/target-version); to look at it: "+
		"kubectl bluegreen status nginx -n NAMESPACE\n")

	// What the webhook warns of is shown as kubectl shows it.
	s.prints(s.plugin("leave", "nginx"), "service/nginx given back\n",
		"kubectl annotate service nginx -n NAMESPACE bluegreen/target-version-\n"+
			"Warning: bluegreen: bluegreen/target-version removed: bluegreen no longer manages this Service; traffic stays on version 1.10, and "+
			"from now on every change of spec.selector moves it at once\n")
	s.fails(s.plugin("leave", "nginx"), "error: service/nginx is not managed by bluegreen; to see those that are: kubectl bluegreen status "+
		"-n NAMESPACE\n")
	if live := s.service().Spec.Selector["version"]; live != "1.10" {
		t.Errorf("traffic is on %s", live)
	}
}

func TestASurveySaysWhatCanBeAdopted(t *testing.T) {
	s := open(t)
	s.create(Service(NamedService("apache"), Selects("name", "apache")))
	s.create(Service(NamedService("nginx-all"), Selects("name", "nginx")))
	output := s.plugin("adopt", "--all").Must(t)
	want := s.in(`NAME ADOPTABLE HOW, OR WHY NOT
apache no no Deployment has pods labelled name=apache, and bluegreen moves traffic between Deployments alone; to see whose ` +
		`pods these are: kubectl get pods -n NAMESPACE -l 'name=apache' -o custom-columns=POD:.metadata.name,` +
		`OWNER:.metadata.ownerReferences[0].kind
nginx no service/nginx is managed already (bluegreen/target-version); to look at it: kubectl bluegreen status nginx -n NAMESPACE
nginx-all yes kubectl annotate service nginx-all -n NAMESPACE bluegreen/target-version=1.10 --overwrite
`)
	got := strings.Split(output.Stdout, "\n")
	for i := range got {
		got[i] = strings.Join(strings.Fields(got[i]), " ")
	}
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%swant\n%s", strings.Join(got, "\n"), want)
	}
	s.fails(s.plugin("adopt", "--all", "nginx"), "error: --all is about each Service of the namespace: leave out the name, or --all\n")
}
