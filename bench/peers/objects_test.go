package peers

import (
	"encoding/json"
	"reflect"
	"testing"
)

// TestPeersRunTheSamePods compares what they apply, as kubectl reads it.
func TestPeersRunTheSamePods(t *testing.T) {
	want, err := json.Marshal(App{}.podTemplate("1.10"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range (Cluster{Argo: "rollouts-controller"}).Peers(App{}) {
		manifest, err := manifestOf(p.objects("1.10")...)
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			Items []struct {
				Kind string
				Spec struct{ Template json.RawMessage }
			}
		}
		if err := json.Unmarshal(manifest, &list); err != nil {
			t.Fatal(err)
		}
		workloads := 0
		for _, item := range list.Items {
			if item.Kind == "Service" {
				continue
			}
			workloads++
			if !equalJSON(t, item.Spec.Template, want) {
				t.Errorf("%s runs %s", p.Name, item.Spec.Template)
			}
		}
		if workloads != 1 || len(list.Items) != 2 {
			t.Errorf("%s has %d objects, %d of them with pods", p.Name, len(list.Items), workloads)
		}
	}
}

func equalJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var left, right any
	if err := json.Unmarshal(a, &left); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &right); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(left, right)
}

func TestArgoIsLeftOutWithoutItsProgram(t *testing.T) {
	for _, p := range (Cluster{}).Peers(App{}) {
		if p.program != nil {
			t.Errorf("%s needs a program", p.Name)
		}
	}
}
