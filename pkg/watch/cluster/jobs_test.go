package cluster_test

import (
	"context"
	"errors"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// TestAJobThatIsGoneNeedNotBeEnded, nor does another one that somebody created under its name.
func TestAJobThatIsGoneNeedNotBeEnded(t *testing.T) {
	jobs := batchv1.Resource("jobs")
	for name, test := range map[string]struct {
		answer error
		fails  bool
	}{
		"ended":   {nil, false},
		"gone":    {apierrors.NewNotFound(jobs, "nginx-check"), false},
		"another": {apierrors.NewConflict(jobs, "nginx-check", errors.New("precondition failed: UID")), false},
		"refused": {apierrors.NewForbidden(jobs, "nginx-check", errors.New("not on Fridays")), true},
	} {
		job := &batchv1.Job{}
		job.Name, job.UID = "nginx-check", "7"
		var asked *client.DeleteOptions
		server := interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
			Delete: func(_ context.Context, _ client.WithWatch, _ client.Object, opts ...client.DeleteOption) error {
				asked = (&client.DeleteOptions{}).ApplyOptions(opts)
				return test.answer
			},
		})
		if err := cluster.EndCheck(t.Context(), server, bluegreen.EndCheck{Job: job}); (err != nil) != test.fails {
			t.Errorf("%s: got %v", name, err)
		}
		if *asked.Preconditions.UID != "7" || *asked.PropagationPolicy != "Background" {
			t.Errorf("%s: asked for %+v", name, asked)
		}
	}
}
