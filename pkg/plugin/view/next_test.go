package view_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

func TestWhatHappensNextAndWhen(t *testing.T) {
	switched := func(options ...ServiceOption) *corev1.Service {
		return OnGreen(append([]ServiceOption{uid, Annotation("bluegreen/last-switch", toGreen)}, options...)...)
	}
	asked := func(options ...ServiceOption) *corev1.Service {
		return Waiting(append([]ServiceOption{uid, Annotation("bluegreen/attempt", attempt)}, options...)...)
	}
	watched := []ServiceOption{Annotation("bluegreen/auto-rollback", "10m"), Annotation("bluegreen/post-promotion-check", "smoke"),
		Annotation("bluegreen/last-switch", toGreen+"/ea87e65c-3")}
	checkAfter, _ := bluegreen.Read(switched(watched...)).After()
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		jobs        []*batchv1.Job
		want        []string
	}{
		"nothing": {service: Managed(), deployments: List(Deployment("1.10", Protected))},
		"a version is asked for": {
			service: asked(),
			want:    []string{"traffic moves to version 1.11 once it is ready"},
		},
		"within a deadline": {
			service: asked(Annotation("bluegreen/deadline", "10m")),
			want: []string{"traffic moves to version 1.11 once it is ready",
				"the ask fails (bluegreen/deadline) unless version 1.11 is ready by 08:10:00"},
		},
		"it waits for approval": {
			service: asked(Annotation("bluegreen/phase", "Paused"), Annotation("bluegreen/promotion", "manual")),
			want:    []string{"traffic moves to version 1.11 once it is approved: kubectl bluegreen promote nginx -n shop"},
		},
		"it is checked": {
			service: asked(Annotation("bluegreen/phase", "Checking"), Annotation("bluegreen/pre-promotion-check", "smoke")),
			want:    []string{"traffic moves to version 1.11 once its check by CronJob smoke has succeeded"},
		},
		"a Job checks it": {
			service: asked(Annotation("bluegreen/phase", "Checking"), Annotation("bluegreen/pre-promotion-check", "smoke"),
				Annotation("bluegreen/checks", "nginx-check-1.10/8/Succeeded,nginx-check-1.11/9")),
			jobs: []*batchv1.Job{Job(asked(), "1.11"), Ended(Job(asked(), "1.10"), "", "", batchv1.JobComplete)},
			want: []string{"traffic moves to version 1.11 once its check by Job nginx-check-1.11 has succeeded",
				"Job nginx-check-1.11 fails (activeDeadlineSeconds) unless it is complete by 09:00:00"},
		},
		"it is checked, and then waits for approval": {
			service: asked(Annotation("bluegreen/phase", "Checking"), Annotation("bluegreen/pre-promotion-check", "smoke"),
				Annotation("bluegreen/promotion", "manual")),
			want: []string{"traffic moves to version 1.11 once its check by CronJob smoke has succeeded, and it is approved"},
		},
		"it was given up": {
			service: asked(Annotation("bluegreen/phase", "Failed"), Annotation("bluegreen/attempt", attempt+"/Failed")),
			want: []string{"traffic stays on version 1.10 until somebody asks anew: kubectl bluegreen retry nginx -n shop, or " +
				"kubectl bluegreen withdraw nginx -n shop"},
		},
		"a phase of a later version of bluegreen": {
			service: asked(Annotation("bluegreen/phase", "Pondering")),
			want:    []string{"traffic moves to version 1.11 once it is ready"},
		},
		"in the window after a switch": {
			service: switched(Annotation("bluegreen/auto-rollback", "10m"), Annotation("bluegreen/last-switch", toGreen+"/ea87e65c-3")),
			want:    []string{"traffic returns to version 1.10 (bluegreen/auto-rollback) if version 1.11 breaks by 08:10:00"},
		},
		"in that window, while it is checked": {
			service: switched(append(watched, Annotation("bluegreen/checks", checkAfter.Job+"/9"))...),
			want: []string{"traffic returns to version 1.10 (bluegreen/auto-rollback) if version 1.11 breaks, or Job " +
				checkAfter.Job + " fails, by 08:10:00"},
		},
		"the old version drains": {
			service:     switched(),
			deployments: List(Deployment("1.10", Protected)),
			want:        []string{"Deployment nginx-1.10 is kept while it drains (30s, unless the installation says otherwise)"},
		},
		"as long as the Service says": {
			service:     switched(Annotation("bluegreen/drain", "2m")),
			deployments: List(Deployment("1.10", Protected)),
			want:        []string{"Deployment nginx-1.10 is kept while it drains (bluegreen/drain), until about 08:02:00"},
		},
		"then it retires": {
			service:     switched(Annotation("bluegreen/retire-after", "1h")),
			deployments: List(Deployment("1.10", Noting("bluegreen/left", "nginx/3/1.10/2026-11-28T08:00:00Z"))),
			want:        []string{"Deployment nginx-1.10 goes to 0 replicas (bluegreen/retire-after) at 09:00:00"},
		},
		"what is held": {
			service: asked(),
			deployments: List(Deployment("1.10", Protected, ScaleDownNoted("nginx/3/3")),
				Deployment("1.11", Kept)),
			want: []string{"traffic moves to version 1.11 once it is ready", "Deployment nginx-1.10 goes to 0 replicas once traffic has left it",
				"Deployment nginx-1.11 goes, since it is deleted, once traffic has left it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen, _ := view.Of(view.Objects{Services: Services(test.service), Deployments: test.deployments, Jobs: test.jobs},
				"nginx", Eight)
			var got []string
			for _, step := range seen.Next {
				text := step.What
				if !step.At.IsZero() {
					text += " " + step.At.Format(time.TimeOnly)
				}
				got = append(got, text)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
