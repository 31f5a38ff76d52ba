package command

import (
	"context"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/edit"
)

func newPromote(p *plugin) *cobra.Command {
	return p.writes(&cobra.Command{
		Use:   "promote SERVICE",
		Short: "Approve the version that is asked for",
		Long: `Approve the version that a Service is asked for. With bluegreen/promotion: manual it gets traffic only then, once it is ready.

The approval lets exactly that version through, and may come before it is ready.`,
		Example: example("# Approve the version that nginx is asked for", "kubectl bluegreen promote nginx"),
	}, "promoted", alone(edit.Promote))
}

func newUndo(p *plugin) *cobra.Command {
	return p.writes(&cobra.Command{
		Use:   "undo SERVICE",
		Short: "Ask for the version of before the last switch",
		Long: `Ask for the version that the last switch left (bluegreen/last-switch). It is a switch like any other: traffic moves once that
version is ready. The command says if its Deployment must be scaled up for that.`,
		Example: example("# Go back to the version that nginx was on before", "kubectl bluegreen undo nginx",
			"# See first what that would write", "kubectl bluegreen undo nginx --dry-run=server"),
	}, "asked for the version of before", undoing)
}

func newRetry(p *plugin) *cobra.Command {
	return p.writes(&cobra.Command{
		Use:     "retry SERVICE",
		Short:   "Ask again for a version that failed or was rolled back",
		Long:    `Ask again for the version that has failed or was rolled back, once what was wrong with it is mended.`,
		Example: example("# Ask for the same version of nginx again", "kubectl bluegreen retry nginx"),
	}, "asked again", alone(edit.Retry))
}

func newPause(p *plugin) *cobra.Command {
	return p.writes(&cobra.Command{
		Use:   "pause SERVICE",
		Short: "Let no version through before it is approved",
		Long: `Let no version of a Service through before it is approved: bluegreen/promotion: manual. An ask that waits at this moment waits for
approval too.`,
		Example: example("# From now on, versions of nginx wait for kubectl bluegreen promote", "kubectl bluegreen pause nginx"),
	}, "paused", alone(edit.Pause))
}

func newWithdraw(p *plugin) *cobra.Command {
	return p.writes(&cobra.Command{
		Use:   "withdraw SERVICE",
		Short: "Ask for nothing but the version that is live",
		Long: `Ask for the version that is live, so that traffic stays there. If traffic moves in this very moment, nothing is written.

To go back after a switch, use kubectl bluegreen undo.`,
		Example: example("# Withdraw what nginx is asked for", "kubectl bluegreen withdraw nginx"),
	}, "stays where it is", alone(edit.Withdraw))
}

// alone is a decision that needs to know the Service alone.
func alone(of func(bluegreen.Service) (edit.Edit, error)) decide {
	return func(_ context.Context, _ *cluster, service bluegreen.Service) (edit.Edit, error) { return of(service) }
}

func undoing(ctx context.Context, c *cluster, service bluegreen.Service) (edit.Edit, error) {
	deployments, err := c.deployments(ctx)
	if err != nil {
		return edit.Edit{}, err
	}
	return edit.Undo(service, deployments)
}

// deployments reads those of the namespace.
func (c *cluster) deployments(ctx context.Context) ([]*appsv1.Deployment, error) {
	list, err := c.AppsV1().Deployments(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	found := make([]*appsv1.Deployment, 0, len(list.Items))
	for i := range list.Items {
		found = append(found, &list.Items[i])
	}
	return found, nil
}
