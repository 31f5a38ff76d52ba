package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/edit"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/outcome"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/render"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// deployer applies what is needed for a version, asks for that, and follows it.
type deployer struct {
	*plugin
	files          []string
	force, approve bool
	timeout        time.Duration
}

func newDeploy(p *plugin) *cobra.Command {
	d := &deployer{plugin: p}
	command := &cobra.Command{
		Use:   "deploy SERVICE VERSION [-f FILE]",
		Short: "Apply a version, ask for it, and follow until it has the traffic",
		Long: `Apply the manifests of a version, ask for it, and follow until traffic of the Service is on it. It prints what happens, a line
each, and in the end how long it took.

The exit code is 1 if the ask fails, if it is rolled back, or if the time is up. In the last case, and if the command is interrupted,
the ask stays: kubectl bluegreen withdraw ends it. If the version must be approved, the command ends once it waits for that.`,
		Example: example("# Deploy version 1.11 of nginx", "kubectl bluegreen deploy nginx 1.11 -f green.yaml",
			"# Ask for a version that is deployed already, and approve it", "kubectl bluegreen deploy nginx 1.11 --approve"),
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return fmt.Errorf("a SERVICE and a VERSION are required, got %d arguments\nSee '%s --help' for usage", len(args),
				command.CommandPath())
		},
		ValidArgsFunction: p.services,
		RunE:              func(command *cobra.Command, args []string) error { return d.run(command.Context(), args[0], args[1]) },
	}
	flags := command.Flags()
	flags.StringSliceVarP(&d.files, "filename", "f", nil, "The files that contain the manifests of the version.")
	flags.BoolVar(&d.force, "force-conflicts", false, "If true, apply also what others have set otherwise.")
	flags.BoolVar(&d.approve, "approve", false, "If true, approve the version too, if the Service waits for that.")
	addTimeout(command, &d.timeout)
	return command
}

func (d *deployer) run(ctx context.Context, name, version string) error {
	started := time.Now()
	c, err := d.connect()
	if err != nil {
		return err
	}
	if err := d.prepare(ctx, c, name, version); err != nil {
		return err
	}
	asked, err := d.ask(ctx, c, name, version)
	if err != nil {
		return err
	}
	last, err := d.follow(ctx, c, asked, version)
	if err != nil {
		return d.ended(ctx, last, err)
	}
	fmt.Fprintf(d.Out, "Done in %s: %s\n", duration.HumanDuration(time.Since(started)), result(last))
	return nil
}

// prepare applies the manifests, after a look whether the version can be asked for at all.
func (d *deployer) prepare(ctx context.Context, c *cluster, name, version string) error {
	read, err := c.service(ctx, name)
	if err != nil {
		return err
	}
	if _, err := edit.Deploy(bluegreen.Read(read), version, d.approve); err != nil {
		return err
	}
	infos, err := d.manifests(c.namespace, d.files)
	if err != nil {
		return err
	}
	if err := onlyAsksFor(infos, c.namespace, name, version); err != nil {
		return err
	}
	return d.apply(infos, d.force)
}

func (d *deployer) ask(ctx context.Context, c *cluster, name, version string) (*corev1.Service, error) {
	w := &writer{plugin: d.plugin, decide: alone(func(service bluegreen.Service) (edit.Edit, error) {
		return edit.Deploy(service, version, d.approve)
	})}
	return w.write(ctx, c, name)
}

// follow prints what becomes of the ask, and returns the last state of the Service that was seen.
func (d *deployer) follow(ctx context.Context, c *cluster, asked *corev1.Service, version string) (*corev1.Service, error) {
	ctx, cancel := within(ctx, d.timeout)
	defer cancel()
	last, log := asked, &log{out: d.Out}
	err := follow.Objects(ctx, c, c.namespace, follow.All, nil, func(objects view.Objects) (bool, error) {
		seen, found := view.Of(objects, asked.Name, time.Now())
		if !found {
			return false, fmt.Errorf("service/%s was deleted meanwhile", asked.Name)
		}
		if follow.Older(seen.Service.Service.Service, asked) {
			return false, nil
		}
		last = seen.Service.Service.Service
		log.print(render.Facts(seen))
		return reached(seen.Service.Service, version)
	})
	return last, err
}

// reached reports whether the version is live, or waits for approval.
func reached(service bluegreen.Service, version string) (bool, error) {
	if now := service.Annotations[bluegreen.TargetVersion]; service.Managed && now != version {
		return false, fmt.Errorf("somebody else asks service/%s for version %s meanwhile; to look at it: kubectl bluegreen status %s -n %s",
			service.Name, now, service.Name, service.Namespace)
	}
	if service.Annotations[bluegreen.PhaseKey] == string(bluegreen.Paused) && !service.Approved() {
		return outcome.Of(service, outcome.Paused)
	}
	return outcome.Of(service, outcome.Stable)
}

// ended says what becomes of the ask when its end was not awaited.
func (d *deployer) ended(ctx context.Context, last *corev1.Service, err error) error {
	withdraw := fmt.Sprintf("the ask stays; to withdraw it: kubectl bluegreen withdraw %s -n %s", last.Name, last.Namespace)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(d.ErrOut, "Interrupted:", withdraw)
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w; %s", timedOut(last), withdraw)
	default:
		return err
	}
}

// result says where the Service is.
func result(last *corev1.Service) string {
	service := bluegreen.Read(last)
	if service.Pending() {
		return fmt.Sprintf("version %s waits for approval: kubectl bluegreen promote %s -n %s", service.Target, last.Name, last.Namespace)
	}
	return fmt.Sprintf("traffic of service/%s is on version %s", last.Name, service.Live())
}
