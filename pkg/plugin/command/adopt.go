package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/edit"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/render"
)

// adopter puts Services under management.
type adopter struct {
	*plugin
	all   bool
	label string
}

func newAdopt(p *plugin) *cobra.Command {
	a := &adopter{plugin: p}
	command := p.writes(&cobra.Command{
		Use:   "adopt (SERVICE | --all)",
		Short: "Put a Service under management, on the version that is live",
		Long: `Look at a Service and its Deployments, and ask for the version that is live: that puts it under management, and moves no traffic.
If something is in the way, the command says what.

With --all it writes nothing, and says of each Service of the namespace what adopting it would write, or what is in the way.`,
		Example: example("# Adopt nginx", "kubectl bluegreen adopt nginx",
			"# See what can be adopted in namespace shop", "kubectl bluegreen adopt --all -n shop"),
	}, "adopted", a.decide)
	one := command.RunE
	command.Args = cobra.ArbitraryArgs
	command.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case a.all && len(args) > 0:
			return errors.New("--all is about each Service of the namespace: leave out the name, or --all")
		case a.all:
			return a.survey(command.Context())
		default:
			if err := oneService(command, args); err != nil {
				return err
			}
			return one(command, args)
		}
	}
	command.Flags().BoolVar(&a.all, "all", false, "If true, only say what can be adopted in the namespace.")
	command.Flags().StringVar(&a.label, "version-label", "", "The key of the label that carries the version. "+
		"By default version or app.kubernetes.io/version, whichever is there.")
	return command
}

func (a *adopter) decide(ctx context.Context, c *cluster, service bluegreen.Service) (edit.Edit, error) {
	deployments, err := c.deployments(ctx)
	if err != nil {
		return edit.Edit{}, err
	}
	return edit.Adopt(service, deployments, a.label)
}

// survey says of each Service of the namespace whether it can be adopted.
func (a *adopter) survey(ctx context.Context) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	objects, err := follow.Read(ctx, c, c.namespace, follow.Services, follow.Deployments)
	if err != nil {
		return err
	}
	slices.SortFunc(objects.Services, func(x, y *corev1.Service) int { return strings.Compare(x.Name, y.Name) })
	var rows [][]string
	for _, object := range objects.Services {
		service := bluegreen.Read(object)
		row := []string{service.Name, "yes", ""}
		if adopt, err := edit.Adopt(service, objects.Deployments, a.label); err != nil {
			row[1], row[2] = "no", err.Error()
		} else {
			row[2] = adopt.Command(object)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		fmt.Fprintf(a.ErrOut, "No Services found in namespace %s.\n", c.namespace)
		return nil
	}
	fmt.Fprint(a.Out, render.Table([]string{"NAME", "ADOPTABLE", "HOW, OR WHY NOT"}, rows).String(printers.AllowsColorOutput(a.Out)))
	return nil
}

func newLeave(p *plugin) *cobra.Command {
	return p.writes(&cobra.Command{
		Use:   "leave SERVICE",
		Short: "Give a Service back",
		Long: `Give a Service back: bluegreen no longer manages it. That moves no traffic; from then on, every change of spec.selector does at
once.`,
		Example: example("# Give nginx back", "kubectl bluegreen leave nginx"),
	}, "given back", alone(edit.Leave))
}
