package edit_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/edit"
)

func TestAServiceIsAdoptedOnTheVersionThatIsLive(t *testing.T) {
	const asked = "kubectl annotate service nginx -n shop bluegreen/target-version=1.10 --overwrite"
	recommended := Labelled("name", "nginx", "app.kubernetes.io/version", "1.10")
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		label       string
		want        string
	}{
		"by its selector": {
			service:     Service(),
			deployments: List(Deployment("1.10"), Deployment("1.11")),
			want:        asked,
		},
		"by its only Deployment": {
			service:     Service(Selects("name", "nginx")),
			deployments: List(Deployment("1.10"), AdminDeployment("1.11")),
			want:        asked,
		},
		"by the label that Kubernetes recommends": {
			service:     Service(Selects("name", "nginx")),
			deployments: List(Deployment("1.10", recommended)),
			want: "kubectl annotate service nginx -n shop bluegreen/target-version=1.10 " +
				"bluegreen/version-label=app.kubernetes.io/version --overwrite",
		},
		"by a label of its own": {
			service:     Service(Selects("name", "nginx", "track", "blue")),
			deployments: List(Deployment("1.10", Labelled("name", "nginx", "track", "blue", "version", "1.10"))),
			label:       "track",
			want:        "kubectl annotate service nginx -n shop bluegreen/target-version=blue bluegreen/version-label=track --overwrite",
		},
		"not twice": {
			service:     Managed(),
			deployments: List(Deployment("1.10")),
			want:        "service/nginx is managed already (bluegreen/target-version); to look at it: kubectl bluegreen status nginx -n shop",
		},
		"not with two live versions": {
			service:     Service(Selects("name", "nginx")),
			deployments: List(Deployment("1.10"), Deployment("1.11")),
			want: "versions 1.10, 1.11 are all live (Deployments nginx-1.10, nginx-1.11): end all but one, or choose one, which takes traffic " +
				"from the others: kubectl annotate service nginx -n shop bluegreen/target-version=VERSION --overwrite",
		},
		"not without a version": {
			service:     Service(Selects("name", "nginx")),
			deployments: List(Deployment("1.10", Labelled("name", "nginx"))),
			want: "the pods of Deployment nginx-1.10 have no label version or app.kubernetes.io/version: add one with the version to their " +
				"template, or name the label that has it: kubectl bluegreen adopt nginx -n shop --version-label=KEY",
		},
		"not with pods of something else": {
			service:     Service(Selects("name", "postgres")),
			deployments: List(Deployment("1.10")),
			want: "no Deployment has pods labelled name=postgres, and bluegreen moves traffic between Deployments alone; to see whose pods " +
				"these are: kubectl get pods -n shop -l 'name=postgres' -o custom-columns=POD:.metadata.name,OWNER:" +
				".metadata.ownerReferences[0].kind",
		},
		"not without a selector": {
			service: Service(Selects()),
			want: "service/nginx cannot be adopted: spec.selector: Required value: a Service with bluegreen/target-version needs a selector " +
				"to switch: add one in a write of its own, or remove the annotation",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit.Adopt(bluegreen.Read(test.service), test.deployments, test.label)
			text := got.Command(test.service)
			if err != nil {
				text = err.Error()
			}
			if text != test.want {
				t.Errorf("got  %s\nwant %s", text, test.want)
			}
		})
	}
}

func TestAFollowerIsGivenBackByTheAnnotationThatItHas(t *testing.T) {
	got, err := edit.Leave(bluegreen.Read(Follower()))
	if want := "kubectl annotate service nginx-admin -n shop bluegreen/follows-"; err != nil || got.Command(Follower()) != want {
		t.Errorf("got %s, %v, want %s", got.Command(Follower()), err, want)
	}
}

func TestADeploymentAsksApprovesAndTriesAgainAsFarAsThatIsNeeded(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		approve bool
		want    string
	}{
		"another version": {
			service: Managed(),
			want:    "kubectl annotate service nginx -n shop bluegreen/target-version=1.11 --overwrite",
		},
		"approved": {
			service: Managed(manual),
			approve: true,
			want:    "kubectl annotate service nginx -n shop bluegreen/approved-version=1.11 bluegreen/target-version=1.11 --overwrite",
		},
		"approved where nobody asks for that": {
			service: Managed(),
			approve: true,
			want:    "kubectl annotate service nginx -n shop bluegreen/target-version=1.11 --overwrite",
		},
		"one that was rolled back": {
			service: rolledBack(),
			want:    "kubectl annotate service nginx -n shop bluegreen/retry=1795852800 bluegreen/target-version=1.11 --overwrite",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit.Deploy(bluegreen.Read(test.service), "1.11", test.approve)
			if err != nil || got.Command(test.service) != test.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Command(test.service), test.want)
			}
		})
	}
}
