package cluster_test

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestTheIndexesNameTheLabelsThatMatterToAServiceAndThoseThatPodsCarry(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		want    []string
	}{
		"pending":   {Asking(Green), []string{"name=nginx"}},
		"at rest":   {Asking(Blue), []string{"name=nginx"}},
		"unmanaged": {Nginx(), nil},
		"invalid":   {Asking("-"), []string{"name=nginx"}},
	} {
		if got := cluster.KeysOfService(test.service); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	got := cluster.KeysOfDeployment(Ready("nginx-1.11"))
	slices.Sort(got)
	if !slices.Equal(got, []string{"name=nginx", "version=1.11"}) {
		t.Errorf("a Deployment: %v", got)
	}
}
