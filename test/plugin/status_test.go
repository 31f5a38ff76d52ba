package plugin

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

// ages are what tables tell of time.
var ages = regexp.MustCompile(`\b\d+[smhd](\d+[sm])?\b`)

// blank returns a text with single spaces, and with AGE for ages.
func blank(text string) string {
	lines := strings.Split(ages.ReplaceAllString(text, "AGE"), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}

// pods creates the ReplicaSet of a Deployment and its pods, with their status.
func (s *shop) pods(of *appsv1.Deployment, options ...PodOption) []*corev1.Pod {
	s.t.Helper()
	set := ReplicaSet(of, 0, int32(len(options)))
	set.Spec.Template.Spec = of.Spec.Template.Spec
	set = withStatus(s, set)
	var made []*corev1.Pod
	for i, option := range options {
		made = append(made, withStatus(s, Pod(set, string(rune('a'+i)), option)))
	}
	return made
}

// withStatus creates an object, and then its status, as its controller would.
func withStatus[T client.Object](s *shop, object T) T {
	s.t.Helper()
	reported := object.DeepCopyObject().(T)
	s.create(object)
	reported.SetNamespace(object.GetNamespace())
	reported.SetUID(object.GetUID())
	reported.SetResourceVersion(object.GetResourceVersion())
	if err := admin.Status().Update(s.t.Context(), reported); err != nil {
		s.t.Fatal(err)
	}
	return reported
}

func TestStatusListsManagedServices(t *testing.T) {
	s := open(t)
	s.create(Service(NamedService("plain")))
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Waiting")
	between := newProxy(t)

	output := s.plugin("status", between.flag()).Must(t)
	want := "NAME LIVE TARGET PHASE SINCE MESSAGE\n" +
		"nginx 1.10 1.11 Waiting AGE No Deployment has pods labelled name=nginx,version=1.11: create it, or set blueg...\n"
	if got := blank(output.Stdout); got != want || output.Stderr != "" {
		t.Errorf("got\n%swant\n%s%s", got, want, output.Stderr)
	}
	if asked := between.asked(); !slices.Equal(asked, []string{"LIST services"}) {
		t.Errorf("it asked for %q", asked)
	}

	all := s.plugin("status", "-A", "-o", "wide").Must(t).Stdout
	row := s.in("NAMESPACE nginx 1.10 1.11 Waiting AGE - auto - No Deployment has pods labelled name=nginx,version=1.11: create it, or set " +
		"bluegreen/target-version to a version that runs\n")
	if !strings.Contains(blank(all), row) {
		t.Errorf("got\n%swant\n%s", blank(all), row)
	}

	s.prints(s.plugin("status", "-o", "name"), "service/nginx\n", "")
	var list corev1.ServiceList
	if err := json.Unmarshal([]byte(s.plugin("status", "-o", "json").Must(t).Stdout), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Kind != "Service" || list.Items[0].Name != "nginx" || list.Kind != "List" {
		t.Errorf("got %+v", list)
	}
	s.fails(s.plugin("status", "-o", "xml"), "error: unable to match a printer suitable for the output format \"xml\", allowed formats are: "+
		"go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml\n")
}

func TestStatusWithoutManagedServices(t *testing.T) {
	s := open(t)
	if err := admin.Delete(t.Context(), s.service()); err != nil {
		t.Fatal(err)
	}
	s.prints(s.plugin("status"), "", "No managed Services found in namespace NAMESPACE.\n")
}

func TestStatusShowsAServiceWithAllBelowIt(t *testing.T) {
	s := open(t, Annotation("bluegreen/deadline", "1h"))
	service, between := s.service(), newProxy(t)
	slice := Endpoints(service, s.pods(s.deployment("1.10"), func(*corev1.Pod) {})...)
	s.create(slice)
	s.pods(s.deploy("1.11", false), ImagePullBackOff, CrashLoopBackOff, Unschedulable, Unready)
	s.create(Event("Pod", &corev1.Pod{ObjectMeta: s.pod("nginx-1.11-5d4f-d").ObjectMeta}, 0, "Unhealthy", "Readiness probe failed: 500"))
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Waiting")

	output := s.plugin("status", "nginx", between.flag()).Must(t)
	for _, want := range []string{
		"Service: NAMESPACE/nginx\nPhase: Waiting, for AGE\nMessage: Deployment nginx-1.11: waiting for MinimumReplicasAvailable\n" +
			"Live: 1.10, 1 of 1 endpoints of version 1.10 ready\nTarget: 1.11\nNext: traffic moves to version 1.11 once it is ready\n" +
			"the ask fails (bluegreen/deadline) unless version 1.11 is ready by ",
		"NAME ROLE READY STATUS RESTARTS AGE\nService nginx 1/1 Waiting AGE\n├─ Deployment nginx-1.10 live 3/3 Available AGE\n",
		"└─ Deployment nginx-1.11 target 0/3 NotAvailable AGE\n└─ ReplicaSet nginx-1.11-5d4f 0/4 AGE\n",
		"├─ Pod nginx-1.11-5d4f-a 0/1 ImagePullBackOff 0 AGE\n│ container nginx: Back-off pulling image \"nginx:1.11\"\n",
		"├─ Pod nginx-1.11-5d4f-b 0/1 CrashLoopBackOff 4 AGE\n│ container nginx ended with exit code 1 (Error)\n" +
			"│ kubectl logs nginx-1.11-5d4f-b -c nginx -n NAMESPACE --previous\n",
		"├─ Pod nginx-1.11-5d4f-c 0/1 Unschedulable 0 AGE\n│ 0/3 nodes are available: 3 Insufficient cpu.\n",
		"└─ Pod nginx-1.11-5d4f-d 0/1 Running 0 AGE\nReadiness probe failed: 500\nkubectl describe pod nginx-1.11-5d4f-d -n NAMESPACE\n",
		"Events:\nLAST SEEN TYPE REASON MESSAGE\n", // The API server may have one of its own, of the address of a new Service.
		"AGE Normal NotAvailable Asked to move from version 1.10 to version 1.11: Deployment nginx-1.11: waiting for " +
			"MinimumReplicasAvailable\n",
	} {
		if !strings.Contains(blank(output.Stdout), s.in(want)) {
			t.Errorf("%s\nis missing in\n%s", s.in(want), blank(output.Stdout))
		}
	}
	asked := between.asked()
	slices.Sort(asked)
	want := []string{"LIST deployments", "LIST endpointslices", "LIST events", "LIST jobs", "LIST pods", "LIST replicasets", "LIST services"}
	if !slices.Equal(asked, want) {
		t.Errorf("it asked for %q, want each kind once", asked)
	}
}

func TestStatusShowsWhatItsReaderMayRead(t *testing.T) {
	s := open(t)
	s.mayRead("services", "deployments")
	output := s.plugin("status", "nginx", "--as=reader-of-"+s.namespace).Must(t)
	for _, want := range []string{"Deployment nginx-1.10   live", "Not shown: pods is forbidden: "} {
		if !strings.Contains(output.Stdout, want) {
			t.Errorf("%q is missing in\n%s", want, output.Stdout)
		}
	}
	watches := s.start("status", "nginx", "-w", "--as=reader-of-"+s.namespace)
	watches.says(&watches.stdout, "Deployment nginx-1.10 (live): 3 of 3 replicas ready\n")
}

// mayRead lets the user reader-of-NAMESPACE read some resources of the shop, and nothing else.
func (s *shop) mayRead(resources ...string) {
	s.t.Helper()
	reader := &rbacv1.Role{Rules: []rbacv1.PolicyRule{{APIGroups: []string{"", "apps"}, Resources: resources,
		Verbs: []string{"get", "list", "watch"}}}}
	reader.Name = "reader"
	s.create(reader)
	binding := &rbacv1.RoleBinding{RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "reader-of-" + s.namespace}}}
	binding.Name = "reader"
	s.create(binding)
}

func TestStatusFollowsASwitchAlsoIfTheConnectionWasLost(t *testing.T) {
	s, between := open(t), newProxy(t)
	green := s.deploy("1.11", false)
	watches := s.start("status", "nginx", "-w", between.flag())
	watches.says(&watches.stdout, "Service nginx: Stable on version 1.10\n")

	s.annotate("bluegreen/target-version", "1.11")
	watches.says(&watches.stdout, "Service nginx: Waiting on version 1.10: Deployment nginx-1.11: waiting for MinimumReplicasAvailable\n")
	s.pods(green, ImagePullBackOff)
	watches.says(&watches.stdout, `Pod nginx-1.11-5d4f-a: ImagePullBackOff: container nginx: Back-off pulling image "nginx:1.11"`)
	between.cut()
	watches.says(&watches.stderr, "Warning: the connection to the server is lost: ")
	s.report(green, true)
	s.untilLive("1.11")
	between.restore()
	watches.says(&watches.stdout, "Service nginx: Stable on version 1.11\n")

	watches.interrupt()
	if output := watches.end(); output.Err == nil || output.Err.Error() != "exit status 130" {
		t.Errorf("it ended with %v", output.Err)
	}
	for _, request := range between.asked() {
		if strings.HasPrefix(request, "LIST") && strings.Count(strings.Join(between.asked(), "\n"), request) > 2 {
			t.Errorf("it lists %s more than once a connection: %q", request, between.asked())
		}
	}
}

// deployment returns the Deployment of a version as it is stored.
func (s *shop) deployment(version string) *appsv1.Deployment {
	s.t.Helper()
	stored := &appsv1.Deployment{}
	if err := admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "nginx-" + version}, stored); err != nil {
		s.t.Fatal(err)
	}
	return stored
}

// pod returns a pod as it is stored.
func (s *shop) pod(name string) *corev1.Pod {
	s.t.Helper()
	stored := &corev1.Pod{}
	if err := admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, stored); err != nil {
		s.t.Fatal(err)
	}
	return stored
}
