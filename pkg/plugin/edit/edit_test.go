package edit_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/edit"
)

// Records of the Service of these tests, whose UID is 7: at eight o'clock version 1.11 was asked for, or traffic moved there.
const (
	attempt = "2026-11-28T08:00:00Z/7/8a2db7bed7c6ac0e"
	toGreen = "1.10/1.11/2026-11-28T08:00:00Z/7/version"
)

var eight = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

func uid(s *corev1.Service) { s.UID = "7" }

func manual(s *corev1.Service) { Annotation("bluegreen/promotion", "manual")(s) }

// failed is the Service whose ask for version 1.11 has failed, with more options.
func failed(options ...ServiceOption) *corev1.Service {
	return Waiting(append([]ServiceOption{uid, Annotation("bluegreen/phase", "Failed"), Annotation("bluegreen/message", "Too late"),
		Annotation("bluegreen/attempt", attempt+"/Failed")}, options...)...)
}

// rolledBack is the Service whose traffic returned from version 1.11.
func rolledBack() *corev1.Service {
	return failed(Annotation("bluegreen/phase", "RolledBack"), Annotation("bluegreen/message", "Broke"),
		Annotation("bluegreen/attempt", attempt+"/RolledBack"))
}

// switched is the Service that moved from version 1.10 to version 1.11.
func switched(options ...ServiceOption) *corev1.Service {
	return OnGreen(append([]ServiceOption{uid, Annotation("bluegreen/last-switch", toGreen)}, options...)...)
}

func TestEachCommandWritesWhatItsNameSays(t *testing.T) {
	for name, test := range map[string]struct {
		edit    func(bluegreen.Service) (edit.Edit, error)
		service *corev1.Service
		want    string
	}{
		"promote approves the target": {
			edit:    edit.Promote,
			service: Waiting(manual),
			want:    "kubectl annotate service nginx -n shop bluegreen/approved-version=1.11 --overwrite",
		},
		"promote approves the target after another one": {
			edit:    edit.Promote,
			service: Waiting(manual, Annotation("bluegreen/approved-version", "1.10")),
			want:    "kubectl annotate service nginx -n shop bluegreen/approved-version=1.11 --overwrite",
		},
		"retry changes retry as the message of a failed ask says": {
			edit:    edit.Retry,
			service: failed(),
			want:    "kubectl annotate service nginx -n shop bluegreen/retry=1795852800 --overwrite",
		},
		"retry after a rollback": {
			edit:    edit.Retry,
			service: rolledBack(),
			want:    "kubectl annotate service nginx -n shop bluegreen/retry=1795852800 --overwrite",
		},
		"pause makes promotion manual": {
			edit:    edit.Pause,
			service: Managed(),
			want:    "kubectl annotate service nginx -n shop bluegreen/promotion=manual --overwrite",
		},
		"withdraw asks for what is live": {
			edit:    edit.Withdraw,
			service: Waiting(),
			want:    "kubectl annotate service nginx -n shop bluegreen/target-version=1.10 --overwrite",
		},
		"withdraw also what has failed": {
			edit:    edit.Withdraw,
			service: failed(),
			want:    "kubectl annotate service nginx -n shop bluegreen/target-version=1.10 --overwrite",
		},
		"undo asks for the version of before": {
			edit:    undo(Deployment("1.10")),
			service: switched(),
			want:    "kubectl annotate service nginx -n shop bluegreen/target-version=1.10 --overwrite",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.edit(bluegreen.Read(test.service))
			if err != nil {
				t.Fatal(err)
			}
			if command := got.Command(test.service); command != test.want {
				t.Errorf("got  %s\nwant %s", command, test.want)
			}
		})
	}
}

func TestWhatMakesNoSenseIsRefusedAndTheErrorEndsInWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		edit    func(bluegreen.Service) (edit.Edit, error)
		service *corev1.Service
		want    string
	}{
		"a Service that is not managed": {
			edit:    edit.Promote,
			service: Service(),
			want:    "service/nginx is not managed by bluegreen; to adopt it: kubectl bluegreen adopt nginx -n shop",
		},
		"a follower": {
			edit:    edit.Withdraw,
			service: Follower(),
			want: "service/nginx-admin moves with service/nginx (bluegreen/follows); ask that one: kubectl bluegreen withdraw nginx " +
				"-n shop",
		},
		"bad annotations": {
			edit:    edit.Pause,
			service: Managed(Annotation("bluegreen/ready", "soon")),
			want: "service/nginx cannot be asked for anything before its annotations are corrected: " +
				`metadata.annotations[bluegreen/ready]: Unsupported value: "soon": supported values: "minimum", "complete", "match-live"`,
		},
		"promote with nothing pending": {
			edit:    edit.Promote,
			service: Managed(manual),
			want: "service/nginx is on version 1.10, and no other is asked for; to ask for one: " +
				"kubectl annotate service nginx -n shop bluegreen/target-version=VERSION --overwrite",
		},
		"promote what needs no approval": {
			edit:    edit.Promote,
			service: Waiting(),
			want: "version 1.11 needs no approval (bluegreen/promotion is auto): not yet; to look at it: " +
				"kubectl bluegreen status nginx -n shop",
		},
		"promote twice": {
			edit:    edit.Promote,
			service: Waiting(manual, Annotation("bluegreen/approved-version", "1.11")),
			want:    "version 1.11 is already approved: not yet; to look at it: kubectl bluegreen status nginx -n shop",
		},
		"promote what was given up": {
			edit:    edit.Promote,
			service: failed(manual),
			want: "version 1.11 was given up, and an approval does not change that: Too late; to try it again: " +
				"kubectl bluegreen retry nginx -n shop",
		},
		"retry what waits": {
			edit:    edit.Retry,
			service: Waiting(),
			want:    "service/nginx has not given up an ask: not yet; to look at it: kubectl bluegreen status nginx -n shop",
		},
		"pause twice": {
			edit:    edit.Pause,
			service: Managed(manual),
			want: "service/nginx is already paused (bluegreen/promotion is manual); to end that: " +
				"kubectl annotate service nginx -n shop bluegreen/promotion-",
		},
		"withdraw nothing": {
			edit:    edit.Withdraw,
			service: Managed(),
			want: "service/nginx is on version 1.10, and no other is asked for; to go back to the one before: " +
				"kubectl bluegreen undo nginx -n shop",
		},
		"withdraw the first ask": {
			edit:    edit.Withdraw,
			service: Waiting(Selects("name", "nginx")),
			want: "service/nginx selects by no version yet (selector name=nginx), so there is none to stay on; to give it back: " +
				"kubectl annotate service nginx -n shop bluegreen/target-version-",
		},
		"undo what is only asked for": {
			edit:    undo(Deployment("1.10")),
			service: Waiting(),
			want: "traffic is still on version 1.10, and version 1.11 is only asked for; to withdraw that: " +
				"kubectl bluegreen withdraw nginx -n shop",
		},
		"undo what was rolled back": {
			edit:    undo(Deployment("1.10")),
			service: rolledBack(),
			want: "traffic is already back on version 1.10: Broke; to ask for nothing else: " +
				"kubectl bluegreen withdraw nginx -n shop",
		},
		"undo without a record": {
			edit:    undo(Deployment("1.10")),
			service: OnGreen(),
			want: "no switch from another version is recorded (bluegreen/last-switch); to go to a version by its name: " +
				"kubectl annotate service nginx -n shop bluegreen/target-version=VERSION --overwrite",
		},
		"undo to what is gone": {
			edit:    undo(Deployment("1.11")),
			service: switched(),
			want: "no Deployment has pods labelled name=nginx,version=1.10 any more: apply its manifest, and then: " +
				"kubectl annotate service nginx -n shop bluegreen/target-version=1.10 --overwrite",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.edit(bluegreen.Read(test.service))
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestUndoSaysWhatIsInTheWay(t *testing.T) {
	service := switched(manual, Annotation("bluegreen/approved-version", "1.11"), Annotation("bluegreen/auto-rollback", "10m"))
	got, err := edit.Undo(bluegreen.Read(service), List(Deployment("1.10", Replicas(0)), Deployment("1.11")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Deployment nginx-1.10 has 0 replicas, and traffic waits until it is scaled up: " +
			"kubectl scale deployment nginx-1.10 -n shop --replicas=N",
		"going back needs its own approval: kubectl bluegreen promote nginx -n shop",
		"this switch is watched too (bluegreen/auto-rollback): if version 1.10 breaks, traffic returns to version 1.11",
	}
	if !slices.Equal(got.Notes, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got.Notes, "\n"), strings.Join(want, "\n"))
	}
}

func TestARetryIsNeverTheOneOfBefore(t *testing.T) {
	first, err := edit.Retry(bluegreen.Read(failed()))
	if err != nil {
		t.Fatal(err)
	}
	retried := first.Applied(failed())
	since := bluegreen.Read(retried).Try(eight)
	since.Outcome = bluegreen.OutcomeFailed
	retried.Annotations["bluegreen/attempt"] = since.String()
	second, err := edit.Retry(bluegreen.Read(retried))
	if err != nil {
		t.Fatal(err)
	}
	if first.Same(second) {
		t.Errorf("an ask that fails within the second of the one before is not asked anew: %v", second.Set)
	}
}

func TestThePatchIsTheCommandAndNamesWhatWasRead(t *testing.T) {
	read := Managed(manual, func(s *corev1.Service) { s.ResourceVersion = "42" })
	change := edit.Edit{Set: map[string]string{"bluegreen/retry": `a "b"`}, Remove: []string{"bluegreen/promotion"}}
	patch, err := change.Patch(read)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(patch, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"metadata": map[string]any{
		"resourceVersion": "42",
		"annotations":     map[string]any{"bluegreen/retry": `a "b"`, "bluegreen/promotion": nil},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", patch)
	}
	EqualMaps(t, "as it would be sent", change.Applied(read).Annotations, Pairs("bluegreen/target-version", "1.10",
		"bluegreen/phase", "Stable", "bluegreen/retry", `a "b"`))
	if _, kept := read.Annotations["bluegreen/promotion"]; !kept {
		t.Error("the Service that was read was changed")
	}
}

// undo is edit.Undo in a namespace with some Deployments.
func undo(deployments ...*appsv1.Deployment) func(bluegreen.Service) (edit.Edit, error) {
	return func(service bluegreen.Service) (edit.Edit, error) { return edit.Undo(service, List(deployments...)) }
}
