package manifests

import (
	"maps"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestChartAndKustomizeInstallTheSame(t *testing.T) {
	t.Parallel()
	optional := "--set=metrics.serviceMonitor.enabled=true,networkPolicy.enabled=true,approval.restricted=true,checks.enabled=true"
	for name, test := range map[string]struct {
		chart     objects
		kustomize objects
	}{
		"cert-manager": {
			chart:     template(t, certManager),
			kustomize: kustomize(t, config+"/default"),
		},
		"self-managed": {
			chart:     template(t, selfManaged),
			kustomize: kustomize(t, config+"/self-managed"),
		},
		"cert-manager, everything, another namespace": {
			chart:     templateIn(t, "mine", certManager, optional),
			kustomize: kustomize(t, overlay(t, "default", "mine")),
		},
		"self-managed, everything, another namespace": {
			chart:     templateIn(t, "mine", selfManaged, optional),
			kustomize: kustomize(t, overlay(t, "self-managed", "mine")),
		},
		"cert-manager, everything but the protection": {
			chart:     template(t, certManager, optional, unprotected),
			kustomize: kustomize(t, overlay(t, "default", namespace, "without-in-use-protection")),
		},
		"self-managed, everything but the protection": {
			chart:     template(t, selfManaged, optional, unprotected),
			kustomize: kustomize(t, overlay(t, "self-managed", namespace, "without-in-use-protection")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compare(t, installed(test.chart), withoutNamespace(test.kustomize))
		})
	}
}

// installed removes what Helm creates only to uninstall.
func installed(all objects) objects {
	maps.DeleteFunc(all, func(_ string, doc document) bool { return doc.hook() })
	return all
}

// withoutNamespace removes the Namespace, which Helm creates with --create-namespace.
func withoutNamespace(all objects) objects {
	for key, doc := range all {
		if doc.GetKind() == "Namespace" {
			delete(all, key)
		}
	}
	return all
}

func compare(t *testing.T, chart, kustomize objects) {
	t.Helper()
	for key := range kustomize {
		if _, ok := chart[key]; !ok {
			t.Errorf("%s is in config/, but not in the chart", key)
		}
	}
	for key, ours := range chart {
		theirs, ok := kustomize[key]
		if !ok {
			t.Errorf("%s is in the chart, but not in config/", key)
			continue
		}
		if rendered, built := withoutLabels(ours), withoutLabels(theirs); !reflect.DeepEqual(rendered, built) {
			t.Errorf("%s differs\nchart:\n%s\nkustomize:\n%s", key, text(t, rendered), text(t, built))
		}
	}
}

// withoutLabels returns the object without the labels in its own metadata, among which the chart has that of the release.
// Labels in selectors and of pods stay.
func withoutLabels(doc document) map[string]any {
	object := doc.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "metadata", "labels")
	return object.Object
}

func text(t *testing.T, object any) string {
	t.Helper()
	out, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
