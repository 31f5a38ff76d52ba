package render_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/render"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

// seen is a switch to version 1.11, a minute after it was asked for.
func seen() view.View {
	service := Waiting(func(s *corev1.Service) { s.UID, s.CreationTimestamp = "7", metav1.NewTime(Eight.Add(-time.Hour)) },
		Annotation("bluegreen/attempt", "2026-11-28T08:00:00Z/7/8a2db7bed7c6ac0e"), Annotation("bluegreen/deadline", "10m"),
		Annotation("bluegreen/message", "Deployment nginx-1.11: waiting for MinimumReplicasAvailable"),
		Annotation("bluegreen/last-switch", "1.9/1.10/2026-11-28T07:00:00Z/7/version"))
	preview := Preview(SelectsVersion("1.11"), func(s *corev1.Service) { s.CreationTimestamp = metav1.NewTime(Eight) })
	blue, green := DeploymentOf("1.10"), DeploymentOf("1.11", Starting, Replicas(2))
	blue.Status.ReadyReplicas = 3
	blues, greens := ReplicaSet(blue, 3, 3), ReplicaSet(green, 0, 2)
	pods := []*corev1.Pod{Pod(blues, "a"), Pod(greens, "a", ImagePullBackOff), Pod(greens, "b", CrashLoopBackOff)}
	warning := Event("Service", service, 2*time.Second, "NotAvailable", "Asked to move from version 1.10 to version 1.11: not yet")
	warning.Type = "Warning"
	objects := view.Objects{
		Services:       Services(service, preview),
		Deployments:    List(blue, green),
		ReplicaSets:    []*appsv1.ReplicaSet{blues, greens},
		Pods:           pods,
		EndpointSlices: []*discoveryv1.EndpointSlice{Endpoints(service, pods[0])},
		Events:         []*eventsv1.Event{warning},
		Unreadable:     []string{"nodes is forbidden"},
	}
	found, _ := view.Of(objects, "nginx", Eight.Add(time.Minute))
	return found
}

const drawn = `Service:       shop/nginx
Phase:         Waiting, for 60s
Message:       Deployment nginx-1.11: waiting for MinimumReplicasAvailable
Live:          1.10, 1 of 1 endpoints of version 1.10 ready
Target:        1.11
Last switch:   from 1.9 to 1.10, 2026-11-28T07:00:00Z (61m ago)
Next:          traffic moves to version 1.11 once it is ready
               the ask fails (bluegreen/deadline) unless version 1.11 is ready by 2026-11-28T08:10:00Z (in 9m)

NAME                               ROLE      READY   STATUS             RESTARTS   AGE
Service nginx                                1/1     Waiting                       61m
├─ Deployment nginx-1.10           live      3/3     Available                     60s
│  └─ ReplicaSet nginx-1.10-5d4f             3/3                                   60s
│     └─ Pod nginx-1.10-5d4f-a               1/1     Running            0          60s
├─ Deployment nginx-1.11           target    0/2     NotAvailable                  60s
│  └─ ReplicaSet nginx-1.11-5d4f             0/2                                   60s
│     ├─ Pod nginx-1.11-5d4f-a               0/1     ImagePullBackOff   0          60s
│     │     container nginx: Back-off pulling image "nginx:1.11"
│     │     kubectl describe pod nginx-1.11-5d4f-a -n shop
│     └─ Pod nginx-1.11-5d4f-b               0/1     CrashLoopBackOff   4          60s
│           container nginx ended with exit code 1 (Error)
│           kubectl logs nginx-1.11-5d4f-b -c nginx -n shop --previous
└─ Service nginx-preview           preview   0/0     Stable                        60s

Events:
  LAST SEEN   TYPE      REASON         MESSAGE
  58s         Warning   NotAvailable   Asked to move from version 1.10 to version 1.11: not yet
Not shown: nodes is forbidden
`

func TestAServiceIsDrawnAsATree(t *testing.T) {
	if got := render.View(seen()).String(false); got != drawn {
		t.Errorf("got\n%s\nwant\n%s", got, drawn)
	}
}

func TestColoursAddNothingButColours(t *testing.T) {
	coloured := render.View(seen()).String(true)
	if !strings.Contains(coloured, "\x1b[33mWaiting, for 60s\x1b[0m") || !strings.Contains(coloured, "\x1b[31mcontainer nginx: Back-off") {
		t.Errorf("what waits is not yellow, or what fails not red:\n%s", coloured)
	}
	for _, style := range []render.Style{render.Bold, render.Faint, render.Good, render.Busy, render.Bad, "\x1b[0m"} {
		coloured = strings.ReplaceAll(coloured, string(style), "")
	}
	if got := trimmed(coloured); got != drawn {
		t.Errorf("without its colours it is\n%s\nwant\n%s", got, drawn)
	}
}

// trimmed is a text without spaces at the ends of its lines.
func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestTheClusterCannotControlTheTerminal(t *testing.T) {
	object := Waiting(Annotation("bluegreen/message", "\x1b[2Jgone"))
	got := render.List([]corev1.Service{*object}, render.Columns{}, Eight).String(true)
	if strings.Contains(got, "\x1b[2J") || !strings.Contains(got, "^[[2Jgone") {
		t.Errorf("got %q", got)
	}
}

func TestALineFitsIntoTheWidthOfTheTerminal(t *testing.T) {
	row := render.Line{{Text: "├─ Deployment "}, {Text: "nginx", Style: render.Bold}, {Text: " live"}}
	note := render.Line{{Text: "│  ├─ "}, {Text: "container nginx: Back-off pulling image nginx:1.11", Style: render.Bad}}
	for name, test := range map[string]struct {
		line  render.Line
		width int
		want  string
	}{
		"nothing of it":      {row, 0, "\n"},
		"a part of it":       {row, 16, "├─ Deployment ng\n"},
		"just":               {row, 24, "├─ Deployment nginx live\n"},
		"with room":          {row, 80, "├─ Deployment nginx live\n"},
		"nearly":             {note, 55, "│  ├─ container nginx: Back-off pulling image\n│  │  nginx:1.11\n"},
		"in three lines":     {note, 28, "│  ├─ container nginx:\n│  │  Back-off pulling image\n│  │  nginx:1.11\n"},
		"without room below": {note, 25, "│  ├─ container nginx: Ba\n"},
		"a long word": {render.Line{{Text: "1234567890123456789012345"}}, 20,
			"12345678901234567890\n12345\n"},
	} {
		if got := test.line.Fit(test.width).String(false); got != test.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, test.want)
		}
	}
}

func TestManagedServicesAreDrawnAsATable(t *testing.T) {
	long := strings.Repeat("long ", 19) + "long"
	follower, waiting := Follower(), Waiting(Annotation("bluegreen/message", long))
	waiting.UID = "7"
	waiting.Annotations["bluegreen/attempt"] = "2026-11-28T08:00:00Z/7/8a2db7bed7c6ac0e"
	services := []corev1.Service{*waiting, *follower}
	for _, test := range []struct {
		columns render.Columns
		want    string
	}{
		{
			want: `
NAME          LIVE   TARGET   PHASE     SINCE   MESSAGE
nginx         1.10   1.11     Waiting   90s     long long long long long long long long long long long long long long long long ...
nginx-admin   1.10   -        Stable    -
`,
		},
		{
			columns: render.Columns{Namespace: true, Wide: true},
			want: `
NAMESPACE   NAME          LIVE   TARGET   PHASE     SINCE   LEADER   PROMOTION   LAST SWITCH   MESSAGE
shop        nginx         1.10   1.11     Waiting   90s     -        auto        -             ` + long + `
shop        nginx-admin   1.10   -        Stable    -       nginx    auto        -
`,
		},
	} {
		if got := "\n" + render.List(services, test.columns, Eight.Add(90*time.Second)).String(false); got != test.want {
			t.Errorf("got%s\nwant%s", got, test.want)
		}
	}
}

func TestALogTellsWhatIsInTheTreeWithoutAges(t *testing.T) {
	want := []string{
		"Service nginx: Waiting on version 1.10: Deployment nginx-1.11: waiting for MinimumReplicasAvailable",
		"Deployment nginx-1.10 (live): 3 of 3 replicas ready",
		"Deployment nginx-1.11 (target): 0 of 2 replicas ready",
		`Pod nginx-1.11-5d4f-a: ImagePullBackOff: container nginx: Back-off pulling image "nginx:1.11" ` +
			"(kubectl describe pod nginx-1.11-5d4f-a -n shop)",
		"Pod nginx-1.11-5d4f-b: CrashLoopBackOff: container nginx ended with exit code 1 (Error) " +
			"(kubectl logs nginx-1.11-5d4f-b -c nginx -n shop --previous)",
		"Service nginx-preview: Stable on version 1.11",
	}
	if got := strings.Join(render.Facts(seen()), "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestTheJobsThatCheckAVersionAreDrawnBelowItsService(t *testing.T) {
	service := Waiting(func(s *corev1.Service) { s.UID, s.CreationTimestamp = "7", metav1.NewTime(Eight) },
		Annotation("bluegreen/phase", "Checking"))
	failed := Ended(Job(service, "1.11"), "BackoffLimitExceeded", "too often", batchv1.JobFailed)
	complete := Ended(Job(service, "1.10"), "", "", batchv1.JobComplete)
	complete.CreationTimestamp, complete.Status.Succeeded = metav1.NewTime(Eight.Add(-time.Minute)), 1
	foreign := Job(Waiting(), "1.12")
	seen, _ := view.Of(view.Objects{Services: Services(service), Jobs: []*batchv1.Job{failed, complete, foreign},
		Pods: []*corev1.Pod{PodOf(failed, 22)}}, "nginx", Eight)
	_, drawn, _ := strings.Cut(render.View(seen).String(false), "\n\n")
	want := `NAME                           ROLE            READY   STATUS     RESTARTS   AGE
Service nginx                                  0/0     Checking              0s
├─ Job nginx-check-1.10        check of 1.10   1/1     Complete              60s
└─ Job nginx-check-1.11        check of 1.11   0/1     Failed                0s
   │  BackoffLimitExceeded: too often
   │  kubectl logs job/nginx-check-1.11 -n shop
   └─ Pod nginx-check-1.11-a                   0/1     Error      0          0s
         container curl ended with exit code 22 (Error)
         kubectl logs nginx-check-1.11-a -c curl -n shop
`
	if drawn != want {
		t.Errorf("got\n%s\nwant\n%s", drawn, want)
	}
	facts := "Service nginx: Checking on version 1.10: not yet\nJob nginx-check-1.10 (check of 1.10): Complete\n" +
		"Job nginx-check-1.11 (check of 1.11): Failed: BackoffLimitExceeded: too often (kubectl logs job/nginx-check-1.11 -n shop)\n" +
		"Pod nginx-check-1.11-a: Error: container curl ended with exit code 22 (Error) (kubectl logs nginx-check-1.11-a -c curl -n shop)"
	if got := strings.Join(render.Facts(seen), "\n"); got != facts {
		t.Errorf("got\n%s\nwant\n%s", got, facts)
	}
}

func TestALostConnectionIsPartOfThePicture(t *testing.T) {
	if got := render.Problem(nil); got != nil {
		t.Errorf("with a connection: %v", got)
	}
	want := "The connection to the server is lost, and this is what was seen last: refused\n\n"
	if got := render.Problem(errors.New("refused")).String(false); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
